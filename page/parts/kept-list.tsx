import { useSelector } from '@xstate/store-preact'
import { visibleText } from '../../src/text.ts'
import { preferences } from '../preferences/preferences.ts'

interface KeptListProps {
  readonly list: 'views' | 'queries'
  /** Of what is kept, in the singular. */
  readonly what: string
  readonly open: (text: string) => void
  /** What would be kept now; empty where there is nothing. */
  readonly current: () => string
}

/** What this browser keeps under names. */
export const KeptList = ({ list, what, open, current }: KeptListProps) => {
  const kept = useSelector(preferences, ({ context }) => context[list])
  return (
    <>
      <ul class="kept">
        {kept.map(({ name, text }) => (
          <li key={name}>
            <button
              type="button"
              class="plain"
              onClick={() => {
                open(text)
              }}
            >
              {visibleText(name)}
            </button>
            <button
              type="button"
              class="plain"
              aria-label={`Forget ${visibleText(name)}`}
              onClick={({ currentTarget }) => {
                // It goes, and would take the focus with it.
                currentTarget.closest('ul')?.nextElementSibling?.querySelector('input')?.focus()
                preferences.trigger.forgotten({ list, name })
              }}
            >
              ✕
            </button>
          </li>
        ))}
      </ul>
      <form
        class="keep"
        onSubmit={(event) => {
          event.preventDefault()
          const name = new FormData(event.currentTarget).get('name')
          const text = current()
          if (typeof name !== 'string' || name.trim() === '' || text === '') return
          preferences.trigger.kept({ list, named: { name: name.trim(), text } })
          event.currentTarget.reset()
        }}
      >
        <input name="name" aria-label={`Name of the ${what}`} placeholder="name" maxLength={60} required />
        <button type="submit">Keep</button>
      </form>
    </>
  )
}
