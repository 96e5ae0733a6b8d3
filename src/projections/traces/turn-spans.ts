import { begin, end, endTurn, forget, note, turnAt, type OpenTrace } from './open-trace.ts'
import { hear, valueContent } from './said-in-turn.ts'
import { contextIn } from './span-ids.ts'
import { userMessage } from './said-content.ts'
import { boundedText } from './span.ts'
import type { SpansOf } from './spans-of.ts'

// A run is a conversation, and each turn of it a trace: the call of an agent, from what it was told to its answer.

const INPUT = 'guardrail input'
const OUTPUT = 'guardrail output'

const guardrail = (place: string) => ({ name: `guardrail ${place}`, attributes: { 'refold.guardrail.place': place } })

/** Whoever asked for the turn may trace on its own. */
const linkToCaller = (trace: OpenTrace, traceparent: string | undefined): void => {
  const context = contextIn(traceparent)
  if (context !== undefined) trace.nextLinks.push({ context, attributes: { 'refold.link': 'caller' } })
}

const endRun =
  (outcome: string): ((trace: OpenTrace, event: Parameters<typeof endTurn>[1], error?: string, reason?: unknown) => void) =>
  (trace, event, error, reason) => {
    endTurn(trace, event, {
      attributes: { 'refold.run.status': outcome },
      content: valueContent(trace.said, 'refold.reason', reason),
      ...(error !== undefined && { error }),
    })
  }

export const turnSpans: SpansOf<
  | 'RunStarted'
  | 'RunForked'
  | 'RunMoved'
  | 'RunRestored'
  | 'MessageReceived'
  | 'InputAccepted'
  | 'InputRejected'
  | 'OutputAccepted'
  | 'OutputRejected'
  | 'LimitExceeded'
  | 'TurnCompleted'
  | 'RunCompleted'
  | 'RunFailed'
  | 'RunCancelled'
  | 'DeletionRequested'
> = {
  RunStarted(trace, event) {
    const { agent, agentVersion, tenant, forkOf } = event.data
    Object.assign(trace, { agent: boundedText(agent), agentVersion, tenant })
    if (forkOf !== undefined) Object.assign(trace, { copiedTo: forkOf.revision, runId: forkOf.runId })
    linkToCaller(trace, event.meta.traceparent)
    turnAt(trace, event)
  },
  RunForked(trace, event) {
    const origin = trace.turn?.root ?? trace.lastTurn
    forget(trace)
    Object.assign(trace, { runId: event.runId, parent: undefined, turns: 0, lastTurn: undefined })
    if (origin !== undefined) {
      const { traceId, spanId } = origin
      trace.nextLinks.push({
        context: { traceId, spanId },
        attributes: {
          'refold.link': 'origin',
          'refold.origin.run_id': boundedText(event.data.from.runId),
          'refold.origin.revision': event.data.from.revision,
        },
      })
    }
    turnAt(trace, event)
  },
  RunMoved(trace, { data: { agent, agentVersion } }) {
    Object.assign(trace, { agent: boundedText(agent), agentVersion })
  },
  RunRestored(trace, { data: { restoreId } }) {
    trace.restoreId = restoreId
  },
  MessageReceived(trace, event) {
    if (trace.turn === undefined) linkToCaller(trace, event.meta.traceparent)
    const turn = turnAt(trace, event)
    // A run may be started long before it is told anything.
    if (!turn.isAtWork) turn.root.startMs = event.meta.at
    turn.isAtWork = true
    note(trace, '', event, { name: 'refold.message.received' })
    if (trace.said.length === 0) return
    if (asks(event, 'checkInput')) trace.said.held = event.data.parts
    else hear(trace.said, event.data.parts)
  },
  InputAccepted(trace, event) {
    const { parts } = event.data
    const attributes = { 'refold.guardrail.verdict': parts === undefined ? 'accepted' : 'redacted' }
    end(trace, INPUT, event, { attributes, otherwise: guardrail('input') })
    const heard = parts ?? trace.said.held
    trace.said.held = undefined
    if (heard !== undefined) hear(trace.said, heard)
  },
  InputRejected(trace, event) {
    const attributes = { 'refold.guardrail.verdict': 'rejected', 'refold.guardrail.name': event.data.guardrail }
    end(trace, INPUT, event, { attributes, otherwise: guardrail('input') })
    trace.said.held = undefined
  },
  OutputAccepted(trace, event) {
    const { parts } = event.data
    const attributes = { 'refold.guardrail.verdict': parts === undefined ? 'accepted' : 'redacted' }
    end(trace, OUTPUT, event, { attributes, otherwise: guardrail('output') })
    if (parts !== undefined && trace.said.length > 0) trace.said.answer = { ...userMessage(parts), role: 'assistant' }
  },
  OutputRejected(trace, event) {
    const attributes = { 'refold.guardrail.verdict': 'rejected', 'refold.guardrail.name': event.data.guardrail }
    end(trace, OUTPUT, event, { attributes, otherwise: guardrail('output') })
    trace.said.answer = undefined
  },
  LimitExceeded(trace, event) {
    const { limit, used, allowed } = event.data
    note(trace, '', event, {
      name: 'refold.limit.exceeded',
      attributes: { 'refold.limit': limit, 'refold.limit.used': used, 'refold.limit.allowed': allowed },
    })
  },
  TurnCompleted(trace, event) {
    const { turn, outcome } = event.data
    turnAt(trace, event)
    endTurn(trace, event, { attributes: { 'refold.turn': turn, 'refold.turn.outcome': outcome } })
    trace.turns = turn
  },
  RunCompleted(trace, event) {
    endRun('completed')(trace, event)
  },
  RunFailed(trace, event) {
    endRun('failed')(trace, event, 'run_failed', event.data.reason)
  },
  RunCancelled(trace, event) {
    endRun('cancelled')(trace, event, 'run_cancelled', event.data.reason)
  },
  DeletionRequested(trace) {
    forget(trace)
  },
}

const asks = ({ meta: { intents } }: { readonly meta: { readonly intents?: string[] | undefined } }, intent: string): boolean =>
  intents?.some((each) => each === intent || each.startsWith(`${intent}:`)) === true

export const beginChecks = (trace: OpenTrace, event: Parameters<typeof begin>[2]): void => {
  if (asks(event, 'checkInput')) begin(trace, INPUT, event, guardrail('input'))
  if (asks(event, 'checkOutput')) begin(trace, OUTPUT, event, guardrail('output'))
}
