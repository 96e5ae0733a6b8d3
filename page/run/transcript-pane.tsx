import { useSelector } from '@xstate/store-preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { OutlineRow } from '../../src/projections/outline-row.ts'
import { visibleText } from '../../src/text.ts'
import { later } from '../frame/later.tsx'
import { memo } from '../parts/memo.tsx'
import { Behind } from '../parts/behind.tsx'
import { ProblemCard } from '../parts/problem-card.tsx'
import { ShownText } from '../parts/shown-text.tsx'
import { moveTo } from './cursor.ts'
import { openRun } from './run-store.ts'
import { copiedTo, sourceOf, type ShownSource } from './source-of.ts'
import { Source } from './source.tsx'
import { Thumbs } from './thumbs.tsx'
import { conversation, type Said } from './transcript-store.ts'

const Markdown = later(async () => (await import('../markdown/markdown.tsx')).Markdown)

/** Whatever fills the pane; more are drawn as somebody scrolls up to them. */
const SHOWN = { messages: 20, characters: 5_000 }
const MORE = 100
/** From the top, in pixels. */
const NEAR = 200
const SOON_MS = 150

/** What was said by then, the newest last. */
export const TranscriptPane = ({
  runId,
  cursor,
  asMarkdown,
}: {
  readonly runId: string
  readonly cursor: number
  readonly asMarkdown: boolean
}) => {
  const { said, behind, error } = useSelector(conversation, ({ context }) => context)
  const rows = useSelector(openRun, ({ context }) => context.rows)
  const end = useRef<HTMLLIElement>(null)
  useConversation(runId, rows.length)
  const known = said.filter(({ saidRevision }) => saidRevision <= cursor)
  const [count, showMore] = useShown(known, cursor)
  const shown = known.slice(-count)
  useLayoutEffect(() => {
    end.current?.scrollIntoView({ block: 'nearest' })
  }, [known.length, cursor])
  if (error !== undefined) return <ProblemCard error={error} />
  return (
    <ol
      class="transcript"
      onScroll={({ currentTarget }) => {
        if (currentTarget.scrollTop < NEAR && known.length > shown.length) showMore()
      }}
    >
      {known.length > shown.length && (
        <li>
          <button type="button" onClick={showMore}>
            {known.length - shown.length} earlier
          </button>
        </li>
      )}
      {shown.map((message) => (
        <Message
          key={`${message.saidRevision} ${message.role} ${message.callId ?? ''}`}
          runId={runId}
          message={message}
          isNow={message.saidRevision === cursor}
          source={sourceAt(rows, message.saidRevision)}
          asMarkdown={asMarkdown}
        />
      ))}
      {behind !== undefined && (
        <li>
          <Behind
            behind={behind}
            lookAgain={() => {
              conversation.trigger.wanted({ runId })
            }}
          />
        </li>
      )}
      <li ref={end} class="end" aria-hidden="true" />
    </ol>
  )
}

/** Asked for once nothing has been recorded for a moment. */
const useConversation = (runId: string, events: number): void => {
  useEffect(() => {
    const timer = setTimeout(() => {
      conversation.trigger.wanted({ runId })
    }, SOON_MS)
    return () => {
      clearTimeout(timer)
    }
  }, [runId, events])
}

/** How many are drawn of what was said up to the cursor, and what makes them more. */
const useShown = (known: readonly Said[], cursor: number): readonly [count: number, showMore: () => void] => {
  const [opened, setOpened] = useState({ cursor, more: 0 })
  const more = opened.cursor === cursor ? opened.more : 0
  const showMore = (): void => {
    setOpened({ cursor, more: more + MORE })
  }
  return [enoughOf(known) + more, showMore]
}

/** How many of the newest. */
const enoughOf = (known: readonly Said[]): number => {
  let characters = 0
  for (let count = 1; count < SHOWN.messages; count++) {
    characters += known.at(-count)?.text.length ?? 0
    if (characters > SHOWN.characters) return count
  }
  return SHOWN.messages
}

const WHO: Readonly<Record<string, string>> = { user: 'User', assistant: 'Agent', tool: 'Tool', human: 'Person', note: 'Refold' }

const sourceAt = (rows: readonly OutlineRow[], revision: number): ShownSource | undefined => {
  const row = rows[revision]
  return row && sourceOf(row, copiedTo(rows))
}

interface MessageProps {
  readonly runId: string
  readonly message: Said
  readonly isNow: boolean
  readonly source: ShownSource | undefined
  readonly asMarkdown: boolean
}

const Message = memo(({ runId, message, isNow, source, asMarkdown }: MessageProps) => (
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
      </button>{' '}
      {message.role === 'assistant' && message.text !== '' && <Thumbs runId={runId} revision={message.saidRevision} />}
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
))
