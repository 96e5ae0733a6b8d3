import { useSelector } from '@xstate/store-preact'
import { useEffect, useMemo } from 'preact/hooks'
import { setQuery } from '../address/address.ts'
import { closeFind, finding, matchesOf, moveToMatch } from './find.ts'
import { openRun } from './run-store.ts'
import { conversation } from './transcript-store.ts'

/** Searches the events and the conversation of the run, and moves the cursor from one to the next that says so. */
export const FindBar = ({ words, cursor }: { readonly words: string | undefined; readonly cursor: number }) => {
  const isOpen = useSelector(finding, ({ context }) => context.isOpen)
  return isOpen || words !== undefined ? <Bar words={words ?? ''} cursor={cursor} /> : null
}

const Bar = ({ words, cursor }: { readonly words: string; readonly cursor: number }) => {
  const { runId, rows } = useSelector(openRun, ({ context }) => context)
  const said = useSelector(conversation, ({ context }) => context.said)
  useEffect(() => {
    conversation.trigger.wanted({ runId })
  }, [runId, rows.length])
  const matches = useMemo(() => matchesOf(rows, said, words), [rows, said, words])
  const step = (by: 1 | -1) => (): void => {
    moveToMatch(matches, by)
  }
  return (
    <form
      class="find"
      role="search"
      onSubmit={(event) => {
        event.preventDefault()
        moveToMatch(matches, 1)
      }}
    >
      <input
        type="search"
        aria-label="Search this run"
        placeholder="words of this run"
        value={words}
        maxLength={200}
        onInput={({ currentTarget }) => {
          setQuery({ find: currentTarget.value }, 'slide')
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && event.shiftKey) {
            event.preventDefault()
            moveToMatch(matches, -1)
          }
          if (event.key === 'Escape') closeFind()
        }}
      />
      <span role="status">{countText(words, matches, cursor)}</span>
      <button type="button" aria-label="Match before" onClick={step(-1)}>
        ↑
      </button>
      <button type="button" aria-label="Next match" onClick={step(1)}>
        ↓
      </button>
      <button type="button" onClick={closeFind}>
        Close
      </button>
    </form>
  )
}

const countText = (words: string, matches: readonly number[], cursor: number): string => {
  if (words.trim() === '') return ''
  if (matches.length === 0) return 'no match'
  const at = matches.indexOf(cursor)
  return at < 0 ? `${matches.length} found` : `${at + 1} of ${matches.length}`
}
