import { callIdAt } from '../../events/call-id.ts'
import type { RunEvent } from '../../events/envelope.ts'
import { toolCallsOf, type Usage } from '../../events/message.ts'
import type { ModelSettings } from '../../events/model-settings.ts'
import { TAKEN_OVER } from '../../events/taken-over.ts'
import { begin, end, note, turnAt } from './open-trace.ts'
import { answered, readOut, valueContent } from './said-in-turn.ts'
import type { SpansOf } from './spans-of.ts'

// A model call is one span with all attempts at one model; the next model of the run's list has a span of its own.

type Requested = Extract<RunEvent, { type: 'ModelCallRequested' }>
type Settled = Extract<RunEvent, { type: 'ModelCallSucceeded' | 'ModelCallFailed' }>

const keyOf = (callId: string): string => `chat ${callId}`

export const modelCallSpans: SpansOf<'ModelCallRequested' | 'ModelCallSucceeded' | 'ModelCallFailed'> = {
  ModelCallRequested(trace, event) {
    const { callId, attempt, lostOwners } = event.data
    const key = keyOf(callId)
    const { provider, model } = namesOf(event.data.model)
    const open = trace.spans.get(key)
    if (open !== undefined && (open.attributes['gen_ai.request.model'] !== model || open.attributes['gen_ai.provider.name'] !== provider))
      end(trace, key, event, { attributes: { 'refold.outcome': 'abandoned' } })
    if (!trace.spans.has(key)) {
      turnAt(trace, event).modelCalls += 1
      begin(trace, key, event, {
        name: `chat ${model}`,
        kind: 'client',
        attributes: requestOf(event, provider, model),
        content: readOut(trace.said),
      })
    } else note(trace, key, event, { name: 'refold.attempt', attributes: { 'refold.attempt': attempt, 'refold.lost_owners': lostOwners } })
  },
  ModelCallSucceeded(trace, event) {
    const { callId, parts, model, stop, responseId } = event.data
    toolCallsOf(parts).forEach(({ name, id }, at) => trace.askedCalls.set(callIdAt(event.revision, at), { tool: name, id }))
    const attributes = {
      'gen_ai.response.model': model,
      'gen_ai.response.id': responseId,
      'gen_ai.response.finish_reasons': [stop],
      ...billOf(event),
    }
    end(trace, keyOf(callId), event, { attributes, content: answered(trace.said, event), otherwise: lateBeginning(event) })
  },
  ModelCallFailed(trace, event) {
    const { callId, attempt, class: failure, message, next, retryAt, status } = event.data
    const key = keyOf(callId)
    // No model was called.
    if (failure === TAKEN_OVER && !trace.spans.has(key)) return
    const failed = { 'error.type': failure, 'refold.attempt': attempt, 'http.response.status_code': status }
    if (next === 'retry' && trace.spans.has(key)) {
      note(trace, key, event, {
        name: 'refold.attempt.failed',
        attributes: {
          ...failed,
          'refold.retry_after_ms': retryAt === undefined ? undefined : retryAt - event.meta.at,
        },
      })
      return
    }
    const content = valueContent(trace.said, 'refold.error.message', message)
    const attributes = { 'http.response.status_code': status, 'refold.next': next, ...billOf(event) }
    end(trace, key, event, { attributes, content, error: failure, otherwise: lateBeginning(event) })
  },
}

/** Where the request is not known. */
const lateBeginning = (event: Settled) => ({
  name: 'chat',
  kind: 'client' as const,
  attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'unknown', 'refold.call_id': event.data.callId },
  startMs: Math.max(0, event.meta.at - event.data.durationMs),
})

/** `provider/model`: the whole name behind the first slash goes to the provider. */
const namesOf = (name: string): { readonly provider: string; readonly model: string } => {
  const at = name.indexOf('/')
  return at < 0 ? { provider: 'unknown', model: name } : { provider: name.slice(0, at), model: name.slice(at + 1) }
}

const requestOf = ({ data }: Requested, provider: string, model: string): Readonly<Record<string, unknown>> => ({
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': provider,
  'gen_ai.request.model': model,
  'refold.call_id': data.callId,
  'refold.purpose': data.purpose,
  ...settingsOf(data.settings ?? {}),
})

const settingsOf = ({
  maxOutputTokens,
  temperature,
  topP,
  seed,
  stopSequences,
  reasoningEffort,
}: ModelSettings): Readonly<Record<string, unknown>> => ({
  'gen_ai.request.max_tokens': maxOutputTokens,
  'gen_ai.request.temperature': temperature,
  'gen_ai.request.top_p': topP,
  'gen_ai.request.seed': seed,
  'gen_ai.request.stop_sequences': stopSequences,
  'gen_ai.request.reasoning.level': reasoningEffort,
})

/** In a fork the origin has paid for what it had recorded. */
const billOf = ({ data: { usage, costMicroUsd, source } }: Settled): Readonly<Record<string, unknown>> => ({
  'refold.source': source,
  ...((source === undefined || source === 'live') && { ...usageOf(usage), 'refold.cost_micro_usd': costMicroUsd }),
})

const usageOf = (usage: Usage | undefined): Readonly<Record<string, unknown>> =>
  usage === undefined
    ? {}
    : {
        'gen_ai.usage.input_tokens': usage.inputTokens,
        'gen_ai.usage.output_tokens': usage.outputTokens,
        'gen_ai.usage.cache_read.input_tokens': usage.cacheReadTokens || undefined,
        'gen_ai.usage.cache_write.input_tokens': usage.cacheWriteTokens || undefined,
        'gen_ai.usage.reasoning.output_tokens': usage.reasoningTokens || undefined,
      }
