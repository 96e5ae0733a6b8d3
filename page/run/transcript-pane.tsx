import { useSelector } from '@xstate/store-preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { OutlineRow } from '../../src/projections/outline-row.ts'
import { visibleText } from '../../src/text.ts'
import { setQuery } from '../address/address.ts'
import { later } from '../frame/later.tsx'
import { ProblemCard } from '../parts/problem-card.tsx'
import { ShownText } from '../parts/shown-text.tsx'
import { moveTo } from './cursor.ts'
import { openRun } from './run-store.ts'
import { copiedTo, Source, sourceOf, type ShownSource } from './source.tsx'
import { conversation, type Said } from './transcript-store.ts'

const Markdown = later(async () => (await import('../markdown/markdown.tsx')).Markdown)

const SHOWN = 100
const SOON_MS = 150

/** What was said by then, the newest last. */
export const TranscriptPane = ({
  runId,
  cursor,
  earlier,
  asMarkdown,
}: {
  readonly runId: string
  readonly cursor: number
  readonly earlier: boolean
  readonly asMarkdown: boolean
}) => {
  const { said, error } = useSelector(conversation, ({ context }) => context)
  const rows = useSelector(openRun, ({ context }) => context.rows)
  const end = useRef<HTMLLIElement>(null)
  useEffect(() => {
    const timer = setTimeout(() => {
      conversation.trigger.wanted({ runId })
    }, SOON_MS)
    return () => {
      clearTimeout(timer)
    }
  }, [runId, rows.length])
  const known = said.filter(({ saidRevision }) => saidRevision <= cursor)
  const shown = earlier ? known : known.slice(-SHOWN)
  useLayoutEffect(() => {
    end.current?.scrollIntoView({ block: 'nearest' })
  }, [shown.length, cursor])
  if (error !== undefined) return <ProblemCard error={error} />
  return (
    <ol class="transcript">
      {known.length > shown.length && (
        <li>
          <button
            type="button"
            onClick={() => {
              setQuery({ earlier: 'all' }, 'slide')
            }}
          >
            {known.length - shown.length} earlier
          </button>
        </li>
      )}
      {shown.map((message) => (
        <Message
          key={`${message.saidRevision} ${message.role} ${message.callId ?? ''}`}
          message={message}
          isNow={message.saidRevision === cursor}
          source={sourceAt(rows, message.saidRevision)}
          asMarkdown={asMarkdown}
        />
      ))}
      <li ref={end} class="end" aria-hidden="true" />
    </ol>
  )
}

const WHO: Readonly<Record<string, string>> = { user: 'User', assistant: 'Agent', tool: 'Tool', human: 'Person', note: 'Refold' }

const sourceAt = (rows: readonly OutlineRow[], revision: number): ShownSource | undefined => {
  const row = rows[revision]
  return row && sourceOf(row, copiedTo(rows))
}

interface MessageProps {
  readonly message: Said
  readonly isNow: boolean
  readonly source: ShownSource | undefined
  readonly asMarkdown: boolean
}

const Message = ({ message, isNow, source, asMarkdown }: MessageProps) => (
  <li class={`message ${message.role} ${isNow ? 'now' : ''}`}>
    <p class="who">
      <strong>{WHO[message.role] ?? message.role}</strong> {message.tool !== null && visibleText(message.tool)}{' '}
      {message.verdict !== null && <span class="verdict">{message.verdict}</span>} <Source source={source} />{' '}
      <button
        type="button"
        class="plain"
        aria-label={`Go to event ${message.saidRevision}`}
        onClick={() => {
          moveTo(message.saidRevision)
        }}
      >
        #{message.saidRevision}
      </button>
    </p>
    {message.text !== '' &&
      (asMarkdown ? (
        <Markdown text={message.text} />
      ) : (
        <p class="said">
          <ShownText text={message.text} />
        </p>
      ))}
    {message.asksFor !== null && <p class="faint">asks for {visibleText(message.asksFor)}</p>}
  </li>
)
