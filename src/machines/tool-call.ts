import { assign, setup } from 'xstate'
import type { ChartEvent } from './chart-event.ts'

interface ToolCallInput {
  readonly callId: string
}

interface ToolCallContext extends ToolCallInput {
  /** Of the attempt under way or to come. */
  readonly attempt: number
}

const intent = (_: unknown, _params: Record<string, unknown>): void => undefined

/** The life of one tool call. Its run's chart sees only the event that settles it. */
export const toolCall = setup({
  types: { context: {} as ToolCallContext, events: {} as ChartEvent, input: {} as ToolCallInput },
  actions: { checkCall: intent, startCall: intent, lookUp: intent, deny: intent },
  guards: {
    willRetry: ({ event }) => event.type === 'ToolCallFailed' && event.retryAt !== undefined,
  },
  delays: {
    untilRetry: ({ event }) => (event.type === 'ToolCallFailed' ? Math.max(0, (event.retryAt ?? event.at) - event.at) : 0),
    untilApprovalExpires: ({ event }) => (event.type === 'ApprovalRequested' ? Math.max(0, event.expiresAt - event.at) : 0),
  },
}).createMachine({
  id: 'tool-call',
  context: ({ input }) => ({ callId: input.callId, attempt: 1 }),
  initial: 'checking',
  states: {
    checking: {
      description: 'Is there such a tool, do the arguments fit, does a guardrail or a person object?',
      entry: { type: 'checkCall', params: ({ context }) => ({ callId: context.callId }) },
      on: { ToolCallRejected: 'rejected', ApprovalRequested: 'awaitingApproval', ToolCallRequested: 'running' },
    },
    awaitingApproval: {
      tags: 'human',
      on: { ApprovalGranted: 'ready', ApprovalDenied: 'refused' },
      after: { untilApprovalExpires: 'expired' },
    },
    refused: {
      entry: {
        type: 'deny',
        params: ({ context, event }) => ({
          callId: context.callId,
          ...(event.type === 'ApprovalDenied' ? { by: event.by, reason: event.reason } : {}),
        }),
      },
      on: { ToolCallDenied: 'denied' },
    },
    expired: {
      entry: { type: 'deny', params: ({ context }) => ({ callId: context.callId, by: 'refold', reason: 'nobody answered in time' }) },
      on: { ToolCallDenied: 'denied' },
    },
    ready: {
      entry: { type: 'startCall', params: ({ context }) => ({ callId: context.callId, attempt: context.attempt }) },
      on: { ToolCallRequested: 'running', ToolCallRejected: 'rejected' },
    },
    running: {
      on: {
        ToolCallRequested: { description: 'another worker took it over' },
        ToolCallSucceeded: 'succeeded',
        ToolCallFailed: [{ guard: 'willRetry', target: 'backingOff' }, { target: 'failed' }],
        ToolCallUnresolved: 'unresolved',
      },
    },
    backingOff: {
      entry: assign({ attempt: ({ event, context }) => (event.type === 'ToolCallFailed' ? event.attempt : context.attempt) + 1 }),
      after: { untilRetry: 'ready' },
    },
    unresolved: {
      description: 'It may have happened: look, or ask a person; never simply do it again.',
      entry: { type: 'lookUp', params: ({ context }) => ({ callId: context.callId }) },
      on: {
        RunEscalated: '.awaitingHuman',
        ToolCallSucceeded: 'succeeded',
        ToolCallFailed: [{ guard: 'willRetry', target: 'backingOff' }, { target: 'failed' }],
      },
      initial: 'lookingUp',
      states: { lookingUp: {}, awaitingHuman: { tags: 'human' } },
    },
    succeeded: { type: 'final' },
    failed: { type: 'final' },
    rejected: { type: 'final' },
    denied: { type: 'final' },
  },
})
