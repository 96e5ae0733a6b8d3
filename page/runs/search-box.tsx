import { useEffect, useRef } from 'preact/hooks'
import { setQuery } from '../address/address.ts'

const PAUSE_MS = 250

/** Words, ids, `key:value`: what it understands is said by the server. */
export const SearchBox = ({ text }: { readonly text: string }) => {
  const field = useRef<HTMLInputElement>(null)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  useEffect(() => {
    if (field.current !== null && document.activeElement !== field.current) field.current.value = text
  }, [text])
  const search = (): void => {
    clearTimeout(timer.current)
    setQuery({ q: field.current?.value.trim() }, 'slide')
  }
  return (
    <form
      role="search"
      onSubmit={(event) => {
        event.preventDefault()
        search()
      }}
    >
      <input
        ref={field}
        type="search"
        aria-label="Search runs"
        placeholder="id, text, tool:refund, cost>0.1"
        defaultValue={text}
        maxLength={1000}
        onInput={() => {
          clearTimeout(timer.current)
          timer.current = setTimeout(search, PAUSE_MS)
        }}
        onKeyDown={({ key }) => {
          if (key === 'Escape') field.current?.blur()
        }}
      />
    </form>
  )
}
