import type { z } from 'zod'
import { AppError } from '../errors.ts'
import { fieldsApart } from '../events/codec.ts'
import { eventMeta, type RunEvent } from '../events/envelope.ts'
import { dataSchemas, type RunEventType } from '../events/run-events.ts'
import { whenAsked } from '../when-asked.ts'
import { shown } from './bounded-text.ts'

// A row is kept in a store that takes numbers for numbers, so what it is made of is checked. The rest of an event may be as it is:
// payloads are references where the blob store has them.

const meta = eventMeta.pick({ version: true, at: true, to: true, intents: true, actor: true, blobs: true }).strip()

const call = { callId: true } as const
const claim = { callId: true, attempt: true, leaseUntil: true } as const
const bill = { callId: true, attempt: true, usage: true, costMicroUsd: true, durationMs: true, source: true } as const
const verdict = { durationMs: true, settledBy: true, by: true, source: true } as const

const fields = whenAsked<Partial<Record<RunEventType, z.ZodType>>>({
  RunStarted: () =>
    dataSchemas.RunStarted.pick({
      agent: true,
      agentVersion: true,
      chartHash: true,
      parent: true,
      tenant: true,
      forkOf: true,
      tags: true,
      metadata: true,
    }).strip(),
  MessageReceived: () => dataSchemas.MessageReceived.pick({ parts: true }).strip(),
  InputAccepted: () => dataSchemas.InputAccepted.pick({ parts: true }).strip(),
  OutputAccepted: () => dataSchemas.OutputAccepted.pick({ parts: true }).strip(),
  HumanAnswerReceived: () => dataSchemas.HumanAnswerReceived.pick({ parts: true }).strip(),
  ModelCallRequested: () => dataSchemas.ModelCallRequested.pick({ ...claim, model: true, purpose: true }).strip(),
  ModelCallSucceeded: () => dataSchemas.ModelCallSucceeded.pick({ ...bill, model: true, parts: true }).strip(),
  ModelCallFailed: () => dataSchemas.ModelCallFailed.pick({ ...bill, class: true, message: true, next: true }).strip(),
  ToolCallQueued: () => dataSchemas.ToolCallQueued.strip(),
  ToolCallRequested: () => dataSchemas.ToolCallRequested.pick({ ...claim, tool: true, effect: true }).strip(),
  ToolCallSucceeded: () => dataSchemas.ToolCallSucceeded.pick({ ...call, ...verdict, content: true }).strip(),
  ToolCallFailed: () =>
    dataSchemas.ToolCallFailed.pick({ ...call, ...verdict, class: true, message: true, cause: true, retryAt: true }).strip(),
  ToolCallUnresolved: () => dataSchemas.ToolCallUnresolved.pick({ ...call, reason: true }).strip(),
  ToolCallLookupRequested: () => dataSchemas.ToolCallLookupRequested.pick(claim).strip(),
  ToolCallCorrected: () =>
    dataSchemas.ToolCallCorrected.pick({
      ...call,
      succeeded: true,
      content: true,
      message: true,
      settledBy: true,
      by: true,
      earlier: true,
    }).strip(),
  ToolCallRejected: () =>
    dataSchemas.ToolCallRejected.pick({
      ...call,
      reason: true,
      message: true,
      content: true,
      cause: true,
      repeats: true,
    }).strip(),
  ToolCallDenied: () => dataSchemas.ToolCallDenied.pick({ ...call, by: true, reason: true }).strip(),
  ApprovalRequested: () =>
    dataSchemas.ApprovalRequested.pick({
      ...call,
      subject: true,
      digest: true,
      expiresAt: true,
      reason: true,
      cause: true,
    }).strip(),
  ApprovalGranted: () => dataSchemas.ApprovalGranted.pick({ ...call, by: true, input: true, inputDigest: true }).strip(),
  ApprovalDenied: () => dataSchemas.ApprovalDenied.pick({ ...call, by: true, reason: true }).strip(),
  ChildRunRequested: () => dataSchemas.ChildRunRequested.pick(call).strip(),
  ChildRunReported: () => dataSchemas.ChildRunReported.strip(),
  ChildRunSucceeded: () => dataSchemas.ChildRunSucceeded.pick({ ...call, spent: true }).strip(),
  ChildRunFailed: () => dataSchemas.ChildRunFailed.pick({ ...call, spent: true }).strip(),
  TimerScheduled: () => dataSchemas.TimerScheduled.strip(),
  TimerFired: () => dataSchemas.TimerFired.strip(),
  OutputRejected: () => dataSchemas.OutputRejected.pick({ reason: true, cause: true }).strip(),
  LimitExceeded: () => dataSchemas.LimitExceeded.pick({ limit: true }).strip(),
  TurnCompleted: () => dataSchemas.TurnCompleted.pick({ turn: true }).strip(),
  RunEscalated: () => dataSchemas.RunEscalated.strip(),
  RunTakenOver: () => dataSchemas.RunTakenOver.pick({ by: true }).strip(),
  RunReleased: () => dataSchemas.RunReleased.pick({ note: true }).strip(),
  RunReturned: () => dataSchemas.RunReturned.pick({ note: true }).strip(),
  RunMoved: () => dataSchemas.RunMoved.pick({ agent: true, agentVersion: true, chartHash: true }).strip(),
  RunFailed: () => dataSchemas.RunFailed.pick({ reason: true }).strip(),
  RunScored: () => dataSchemas.RunScored.strip(),
  DeletionRequested: () => dataSchemas.DeletionRequested.strip(),
  RunDeleted: () => dataSchemas.RunDeleted.strip(),
  RunCancelled: () => dataSchemas.RunCancelled.pick({ reason: true }).strip(),
})

/** Throws `EventLogCorrupt` where a field that a row is made of is not what its type declares. */
export const checkFields = (event: RunEvent): void => {
  const problems = [...problemsOf('meta', meta, event.meta), ...problemsOf('data', fields[event.type], event.data)]
  if (problems.length === 0) return
  throw new AppError('EventLogCorrupt', `${event.type} at revision ${event.revision} of ${event.runId}: ${problems.join(', ')}`)
}

const problemsOf = (part: string, schema: z.ZodType | undefined, value: unknown): string[] => {
  const parsed = schema?.safeParse(value)
  if (parsed === undefined || parsed.success) return []
  return parsed.error.issues.map(({ path, message }) => `${[part, ...path].join('.')}: ${message}`)
}

const APART = shown(undefined)

/** What stands in place of a payload whose field is not a text. */
const standIns: Readonly<Record<string, unknown>> = {
  parts: [{ type: 'text', text: APART }],
  content: [{ type: 'text', text: APART }],
  subject: { question: APART },
  changes: {},
}

/** An event whose payloads in the blob store read `(stored apart)`, in the shape of their fields: a view never fetches them. */
export const withoutPayloads = (event: RunEvent): RunEvent => {
  const apart = fieldsApart(event)
  if (apart.length === 0) return event
  const data: Record<string, unknown> = { ...event.data }
  for (const field of apart) data[field] = standIns[field] ?? APART
  return { ...event, data } as unknown as RunEvent
}
