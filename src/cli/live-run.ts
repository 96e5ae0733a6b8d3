import { shownContent } from '../events/content.ts'
import { createStore } from '@xstate/store'
import { z } from 'zod'
import type { RecordedRunEvent } from '../events/envelope.ts'
import { textOf } from '../events/message.ts'
import { count, money } from '../projections/amount-text.ts'
import { recordedIntents } from '../projections/open-work.ts'

/** What a live view shows of a run: a fold of its events, and of the text that is being written. */
export interface LiveRun {
  readonly revision: number
  readonly place: string
  readonly tokens: number
  readonly costMicroUsd: number
  /** Tools by call id. */
  readonly tools: Readonly<Record<string, string>>
  /** Open model calls that the log knows of. Text of any other comes ahead of its event, and waits for it. */
  readonly asked: readonly string[]
  /** Such text, by call id. */
  readonly ahead: Readonly<Record<string, string>>
  /** Open model calls that are being written: of several at once, one is shown as it comes, the others when they are whole. */
  readonly written: Readonly<Record<string, 'shown' | 'held'>>
  /** An answer that nobody sees before it is accepted. */
  readonly unchecked: string
}

const nothing: LiveRun = {
  revision: -1,
  place: '',
  tokens: 0,
  costMicroUsd: 0,
  tools: {},
  asked: [],
  ahead: {},
  written: {},
  unchecked: '',
}

/** Emits `words` in the order in which they belong between the events. */
export const liveRun = () =>
  createStore({
    context: nothing,
    schemas: { emitted: { words: z.object({ text: z.string() }) } },
    on: {
      recorded: (live, { event }: { readonly event: RecordedRunEvent }, enqueue) => {
        const after = { ...fold(live, event), revision: event.revision, place: placeOf(event) }
        const text = wordsOf(live, after, event)
        if (text !== '') enqueue.emit.words({ text })
        return after
      },
      wrote: (live, { callId, text }: { readonly callId: string; readonly text: string }, enqueue) => {
        if (!live.asked.includes(callId)) return { ...live, ahead: { ...live.ahead, [callId]: (live.ahead[callId] ?? '') + text } }
        const after = beginWriting(live, callId)
        if (after.written[callId] === 'shown') enqueue.emit.words({ text })
        return after
      },
      tookBack: (live, { callId }: { readonly callId: string }, enqueue) => {
        if (live.written[callId] === 'shown') enqueue.emit.words({ text: TAKEN_BACK })
        return { ...live, ahead: without(live.ahead, callId), written: without(live.written, callId) }
      },
    },
  })

/** Behind words of which the attempt has failed: what follows begins anew. */
const TAKEN_BACK = ' …\n'

const placeOf = ({ meta: { to } }: RecordedRunEvent): string => to.split(';', 1)[0] ?? ''

const beginWriting = (live: LiveRun, callId: string): LiveRun => {
  if (live.written[callId] !== undefined) return live
  const isShown = !Object.values(live.written).includes('shown')
  return { ...live, written: { ...live.written, [callId]: isShown ? 'shown' : 'held' } }
}

/** What an event itself brings to the text: what came ahead of it, or an answer that was not shown being written. */
const wordsOf = (before: LiveRun, after: LiveRun, event: RecordedRunEvent): string => {
  switch (event.type) {
    case 'ModelCallRequested':
      return after.written[event.data.callId] === 'shown' ? (before.ahead[event.data.callId] ?? '') : ''
    case 'ModelCallSucceeded':
      if (before.written[event.data.callId] === 'shown') return '\n'
      return isChecked(event) ? '' : ownLine(textOf(event.data.parts))
    case 'HumanAnswerReceived':
      return ownLine(shownContent(event.data.parts))
    case 'OutputAccepted':
      return ownLine(event.data.parts === undefined ? before.unchecked : shownContent(event.data.parts))
    default:
      return ''
  }
}

const isChecked = ({ meta }: RecordedRunEvent): boolean => recordedIntents(meta).some(({ intent }) => intent === 'checkOutput')

const ownLine = (text: string): string => (text === '' ? '' : `${text}\n`)

const fold = (live: LiveRun, event: RecordedRunEvent): LiveRun => {
  switch (event.type) {
    case 'ModelCallRequested': {
      const { callId } = event.data
      const asked = { ...live, asked: [...live.asked, callId], ahead: without(live.ahead, callId) }
      return live.ahead[callId] === undefined ? asked : beginWriting(asked, callId)
    }
    case 'ModelCallSucceeded': {
      const isHeld = isChecked(event) && live.written[event.data.callId] !== 'shown'
      return spend({ ...settle(live, event.data.callId), unchecked: isHeld ? textOf(event.data.parts) : '' }, event.data)
    }
    case 'ModelCallFailed':
      return spend(settle(live, event.data.callId), event.data)
    case 'OutputAccepted':
    case 'OutputRejected':
      return { ...live, unchecked: '' }
    case 'ToolCallRequested':
      return { ...live, tools: { ...live.tools, [event.data.callId]: event.data.tool } }
    default:
      return live
  }
}

const settle = (live: LiveRun, callId: string): LiveRun => ({
  ...live,
  asked: live.asked.filter((other) => other !== callId),
  written: without(live.written, callId),
})

const without = <Value>(record: Readonly<Record<string, Value>>, key: string): Readonly<Record<string, Value>> =>
  Object.fromEntries(Object.entries(record).filter(([other]) => other !== key))

type ModelCallEnd = Extract<RecordedRunEvent, { type: 'ModelCallSucceeded' | 'ModelCallFailed' }>['data']

const spend = (live: LiveRun, { usage, costMicroUsd = 0 }: ModelCallEnd): LiveRun =>
  usage === undefined
    ? live
    : { ...live, tokens: live.tokens + usage.inputTokens + usage.outputTokens, costMicroUsd: live.costMicroUsd + costMicroUsd }

export const liveRunStatus = ({ place, tokens, costMicroUsd }: LiveRun): string =>
  `… ${place} · ${count(tokens)} tokens · ${money(costMicroUsd)}`
