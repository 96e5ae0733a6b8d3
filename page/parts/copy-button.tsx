import { useState } from 'preact/hooks'
import { copy } from './clipboard.ts'

export const CopyButton = ({ text, what }: { readonly text: string; readonly what: string }) => {
  const [said, setSaid] = useState('')
  return (
    <button
      type="button"
      class="plain"
      aria-label={`${said === '' ? 'Copy' : said} ${what}`}
      onClick={() => {
        void copy(text).then((isCopied) => {
          setSaid(isCopied ? 'Copied' : 'Select it and copy')
        })
      }}
    >
      {said === '' ? 'Copy' : said}
    </button>
  )
}
