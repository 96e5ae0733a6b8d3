import { setQuery } from '../address/address.ts'
import { hasWords } from '../parts/has-words.ts'
import type { Card } from './inbox-store.ts'

/** Whether a card says the words: what it is about, and what exactly is asked. */
export const saysWords = (words: string, { row, run, callId }: Card): boolean => {
  const asked = [...run.approvals, ...run.unresolved].filter((each) => each.callId === callId)
  return hasWords(words, [row.runId, run.agent, row.reason, row.lastText, ...asked.map((each) => JSON.stringify(each))])
}

export const InboxSearch = ({ words, found, all }: { readonly words: string; readonly found: number; readonly all: number }) => (
  <span role="search" class="search">
    <input
      type="search"
      aria-label="Search the inbox"
      placeholder="words of a question"
      value={words}
      maxLength={200}
      onInput={({ currentTarget }) => {
        setQuery({ q: currentTarget.value }, 'slide')
      }}
      onKeyDown={({ key, currentTarget }) => {
        if (key === 'Escape') currentTarget.blur()
      }}
    />{' '}
    <span role="status" class="faint">
      {words.trim() !== '' && `${found} of ${all}`}
    </span>
  </span>
)
