import type { z } from 'zod'
import { AppError } from '../errors.ts'
import { eventMeta, type RunEvent } from '../events/envelope.ts'
import { dataSchemas, type RunEventType } from '../events/run-events.ts'

// A row is kept in a store that takes numbers for numbers, so what it is made of is checked. The rest of an event may be as it is:
// payloads are references where the blob store has them.

const meta = eventMeta.pick({ version: true, at: true, to: true, intents: true }).strip()

const call = { callId: true } as const
const claim = { callId: true, attempt: true, leaseUntil: true } as const
const bill = { callId: true, usage: true, costMicroUsd: true } as const

const fields: Partial<Record<RunEventType, z.ZodType>> = {
  RunStarted: dataSchemas.RunStarted.pick({ agent: true, agentVersion: true, chartHash: true, parent: true, tenant: true }).strip(),
  ModelCallRequested: dataSchemas.ModelCallRequested.pick(claim).strip(),
  ModelCallSucceeded: dataSchemas.ModelCallSucceeded.pick(bill).strip(),
  ModelCallFailed: dataSchemas.ModelCallFailed.pick(bill).strip(),
  ToolCallRequested: dataSchemas.ToolCallRequested.pick(claim).strip(),
  ToolCallSucceeded: dataSchemas.ToolCallSucceeded.pick(call).strip(),
  ToolCallFailed: dataSchemas.ToolCallFailed.pick(call).strip(),
  ToolCallUnresolved: dataSchemas.ToolCallUnresolved.pick(call).strip(),
  ToolCallRejected: dataSchemas.ToolCallRejected.pick(call).strip(),
  ToolCallDenied: dataSchemas.ToolCallDenied.pick(call).strip(),
  ApprovalRequested: dataSchemas.ApprovalRequested.pick(call).strip(),
  ApprovalGranted: dataSchemas.ApprovalGranted.pick(call).strip(),
  ApprovalDenied: dataSchemas.ApprovalDenied.pick(call).strip(),
  ChildRunSucceeded: dataSchemas.ChildRunSucceeded.pick(call).strip(),
  ChildRunFailed: dataSchemas.ChildRunFailed.pick(call).strip(),
  TimerScheduled: dataSchemas.TimerScheduled.strip(),
  TimerFired: dataSchemas.TimerFired.strip(),
  TurnCompleted: dataSchemas.TurnCompleted.pick({ turn: true }).strip(),
  RunEscalated: dataSchemas.RunEscalated.strip(),
  RunFailed: dataSchemas.RunFailed.pick({ reason: true }).strip(),
  RunCancelled: dataSchemas.RunCancelled.pick({ reason: true }).strip(),
}

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
