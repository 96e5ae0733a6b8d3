import { useSelector } from '@xstate/store-preact'
import { visibleText } from '../../src/text.ts'
import { session } from '../session/session-store.ts'
import { openRun } from './run-store.ts'
import { scoresAt, thumbs } from './run-scores.ts'

const THUMBS = [
  { value: 1, sign: '▲', name: 'Thumbs up' },
  { value: 0, sign: '▼', name: 'Thumbs down' },
] as const

/** What somebody makes of an answer. */
export const Thumbs = ({ runId, revision }: { readonly runId: string; readonly revision: number }) => {
  const who = useSelector(session, ({ context }) => context.who)
  const rows = useSelector(openRun, ({ context }) => context.rows)
  const { given, refused } = useSelector(thumbs, ({ context }) => context)
  if (who?.scopes.includes('write') === false) return null
  const recorded = scoresAt(rows, Infinity).findLast(
    ({ name, by, about }) => name === 'thumbs' && about === revision && (who === undefined || by === who.name),
  )
  const newest = given?.runId === runId && given.about === revision ? given : recorded
  return (
    <span class="thumbs" role="group" aria-label={`What you make of answer ${revision}`}>
      {THUMBS.map(({ value, sign, name }) => (
        <button
          key={value}
          type="button"
          class="plain"
          aria-label={name}
          aria-pressed={newest?.value === value}
          onClick={() => {
            thumbs.trigger.wanted({ runId, about: revision, value })
          }}
        >
          {sign}
        </button>
      ))}
      {refused?.given.runId === runId && refused.given.about === revision && (
        <span class="problem" role="alert">
          {visibleText(refused.why)}
        </span>
      )}
    </span>
  )
}
