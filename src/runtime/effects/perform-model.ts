import { attempted, isAppError, isUnavailable, messageOf } from '../../errors.ts'
import { saidIn } from '../../events/message.ts'
import type { RunFact } from '../../events/run-events.ts'
import type { Owed, RunState } from '../../fold/run-state.ts'
import { checkText } from '../../guardrails/guardrail.ts'
import type { CallModelParams } from '../../machines/intents.ts'
import { afterModelFailure, type AfterFailure } from '../../machines/model-failure-policy.ts'
import { boundedAnswer } from '../../models/bounded-answer.ts'
import { providerIn, type ModelAnswer, type ModelFailure, type ModelOutcome } from '../../models/model.ts'
import { connectionCause } from '../../models/wire/classify.ts'
import { present } from '../../present.ts'
import type { Agent } from '../agent.ts'
import { modelRequest, settingsOf } from '../answers/model-request.ts'
import { TIMED_OUT, withDeadline } from '../deadline.ts'
import { attemptText } from '../deltas.ts'
import { contextOfRun } from '../run-context.ts'
import type { RuntimeParts } from '../runtime-parts.ts'
import { asChosen } from './chosen-calls.ts'

/** One attempt of a model call whose claim is stored. Rejects only when `signal` is aborted. */
export const performModelCall = async (
  parts: RuntimeParts,
  agent: Agent,
  {
    state,
    owed,
    signal,
    late,
  }: { readonly state: RunState; readonly owed: Owed; readonly signal: AbortSignal; readonly late: (fact: RunFact | undefined) => void },
): Promise<RunFact> => {
  const params = owed.params as CallModelParams
  const model = state.started.settings.models[params.model ?? 0] ?? ''
  const slash = model.indexOf('/')
  const provider = providerIn(parts.models, model.slice(0, slash))
  const beganAt = parts.clock.now()
  // What a guardrail may block, nobody sees before it has spoken.
  const text = state.started.settings.checksOutput
    ? undefined
    : attemptText((delta) => parts.onDelta(state.runId, delta), { callId: owed.key, attempt: owed.attempt })
  const call = async (): Promise<ModelOutcome> => {
    if (provider === undefined) return failed('badRequest', `no provider ${model.slice(0, slash)} is configured`)
    const request = modelRequest(agent, state, owed, model)
    const given: unknown = await withDeadline(
      parts.clock,
      { timeoutMs: agent.modelTimeoutMs, outer: signal, late: () => late(undefined) },
      (inner) =>
        provider.call(request, {
          signal: inner,
          timeoutMs: agent.modelTimeoutMs,
          readBlob: ({ hash }) => parts.blobs.getBytes(hash),
          ...(text && { onDelta: text.onDelta }),
        }),
    )
    const answered = boundedAnswer(given, request, agent.maxToolCallsPerAnswer)
    const words = asChosen(request, answered)
    return params.purpose === 'wrapUp' ? checkedLastWords(agent, state, words) : words
  }
  const outcome = await attempt(call, signal).catch((thrown: unknown) => {
    text?.end(false)
    throw thrown
  })
  text?.end(outcome.ok)
  const at = parts.clock.now()
  const durationMs = Math.max(0, at - beganAt)
  return outcome.ok
    ? succeeded(parts, owed, model, { answer: outcome, durationMs })
    : failure(parts, agent, { state, owed, model, outcome, at, durationMs })
}

const attempt = async (call: () => Promise<ModelOutcome>, signal: AbortSignal): Promise<ModelOutcome> => {
  try {
    return await call()
  } catch (thrown) {
    if (signal.aborted) throw thrown
    if (thrown === TIMED_OUT) return failed('timeout', 'no answer in time')
    // What of the conversation lies in the blob store: it is away for a while, or lost.
    if (isUnavailable(thrown)) return failed('network', thrown.message)
    if (isAppError(thrown, 'EventLogCorrupt')) return failed('badRequest', thrown.message)
    // An adapter of the user's own may throw whatever its connection does. All else is no answer, as nonsense is.
    const cause = attempted(
      () => connectionCause(thrown),
      (found) => found,
    )
    return failed(cause.ok && cause.value !== undefined ? 'network' : 'protocol', messageOf(thrown))
  }
}

const failed = (failureClass: ModelFailure['class'], message: string): ModelFailure => ({ ok: false, class: failureClass, message })

const succeeded = (
  parts: RuntimeParts,
  owed: Owed,
  model: string,
  { answer, durationMs }: { readonly answer: ModelAnswer; readonly durationMs: number },
): RunFact => {
  const costMicroUsd = parts.costOf(model, answer.usage)
  return {
    type: 'ModelCallSucceeded',
    data: {
      callId: owed.key,
      attempt: owed.attempt,
      model: answer.model,
      parts: [...answer.parts],
      stop: answer.stop,
      usage: answer.usage,
      durationMs,
      ...present({
        costMicroUsd,
        responseId: answer.responseId,
        requestId: answer.requestId,
        dropped: answer.dropped.length === 0 ? undefined : [...answer.dropped],
      }),
    },
  }
}

const SMALLEST_RAISED = 4_096
const LARGEST_RAISED = 131_072

/** Twice what was too little, within what models can write. */
const raised = (tokens = 0): number => Math.max(tokens, Math.min(LARGEST_RAISED, Math.max(SMALLEST_RAISED, 2 * tokens)))

interface Failed {
  readonly state: RunState
  readonly owed: Owed
  readonly model: string
  readonly outcome: ModelFailure
  readonly at: number
  readonly durationMs: number
}

/** Whatever a vendor asks for: a time has to be one. */
const LONGEST_ASKED_MS = 366 * 86_400_000

const askedWaitMs = ({ retryAfterMs = 0 }: ModelFailure): number => Math.ceil(Math.min(LONGEST_ASKED_MS, retryAfterMs))

/** A person who cannot be spared the wait learns until when it is. */
const toldOf = ({ message, retryAfterMs = 0 }: ModelFailure, { next }: AfterFailure, until: number): string =>
  next === 'escalate' && retryAfterMs > 0 ? `${message} (it asks to wait until ${new Date(until).toISOString()})` : message

const failure = (parts: RuntimeParts, agent: Agent, { state, owed, model, outcome, at, durationMs }: Failed): RunFact => {
  const params = owed.params as CallModelParams
  const retryAfterMs = askedWaitMs(outcome)
  const after = afterModelFailure(agent.failurePolicy, {
    class: outcome.class,
    modelAttempt: params.modelAttempt ?? owed.attempt,
    // Words under a limit come from the model that reached it.
    hasNextModel: params.purpose !== 'wrapUp' && (params.model ?? 0) + 1 < state.started.settings.models.length,
    at,
    failingSince: (state.retried?.callId === owed.key ? state.retried.failingSince : undefined) ?? at,
    chance: parts.random(),
    retryAfterMs,
  })
  const isCut = outcome.class === 'length' && after.next === 'retry'
  const costMicroUsd = outcome.usage === undefined ? undefined : parts.costOf(model, outcome.usage)
  return {
    type: 'ModelCallFailed',
    data: {
      callId: owed.key,
      attempt: owed.attempt,
      class: outcome.class,
      message: toldOf(outcome, after, at + retryAfterMs),
      ...after,
      durationMs,
      ...present({
        status: outcome.status,
        requestId: outcome.requestId,
        usage: outcome.usage,
        costMicroUsd,
        maxOutputTokens: isCut ? raised(settingsOf(agent, owed).maxOutputTokens ?? outcome.usage?.outputTokens) : undefined,
      }),
    },
  }
}

/**
 * What the output guardrails leave of the last words under a limit. No answer is asked for instead, so what they block is a failed call, and a
 * person owns the run; of what they block or redact nothing is recorded.
 */
const checkedLastWords = (agent: Agent, state: RunState, outcome: ModelOutcome): ModelOutcome => {
  if (!outcome.ok) return outcome
  const verdict = checkText(agent.guardrails.output ?? [], saidIn(outcome.parts), contextOfRun(agent, state, state.messageData.read))
  if (verdict.verdict === 'block') {
    const { guardrail, reason } = verdict
    return { ok: false, class: 'refusal', message: `the guardrail ${guardrail} has blocked it: ${reason}`, usage: outcome.usage }
  }
  return verdict.redacted ? { ...outcome, parts: [...verdict.parts], dropped: [...outcome.dropped, 'redacted'] } : outcome
}
