import { and, assign, enqueueActions, not, setup } from 'xstate'

interface Call {
  readonly callId: string
  readonly status: 'pending' | 'settled'
  readonly attempt: number
}

interface Context {
  readonly goal: string
  readonly step: number
  readonly attempt: number
  readonly maxSteps: number
  readonly calls: Readonly<Record<string, Call>>
}

type Event =
  | { readonly type: 'MessageReceived' }
  | { readonly type: 'InputAccepted' }
  | { readonly type: 'InputRejected' }
  | { readonly type: 'ModelCallSucceeded'; readonly callIds: readonly string[]; readonly risky: boolean }
  | { readonly type: 'ModelCallFailed'; readonly retryable: boolean }
  | { readonly type: 'ToolCallSucceeded'; readonly callId: string }
  | { readonly type: 'ToolCallFailed'; readonly callId: string; readonly retryable: boolean }
  | { readonly type: 'ToolRetryDue'; readonly callId: string }
  | { readonly type: 'ApprovalGranted' }
  | { readonly type: 'ApprovalDenied' }
  | { readonly type: 'EscalationResolved' }
  | { readonly type: 'RunPaused' }
  | { readonly type: 'RunResumed' }
  | { readonly type: 'RunCancelled' }

/** What the sample asks of a runtime. */
export const sampleIntents: ReadonlySet<string> = new Set([
  'checkInput',
  'callModel',
  'callTool',
  'askApproval',
  'abortEffects',
  'notifyEscalation',
])

const settled = (calls: Context['calls'], callId: string): Context['calls'] => {
  const call = calls[callId]
  return call === undefined ? calls : { ...calls, [callId]: { ...call, status: 'settled' } }
}

const agentSetup = setup({
  types: { context: {} as Context, events: {} as Event, input: {} as { readonly goal: string } | undefined },
  actions: {
    checkInput: (_, _params: { readonly goal: string }) => undefined,
    callModel: (_, _params: { readonly step: number }) => undefined,
    callTool: (_, _params: { readonly callId: string }) => undefined,
    askApproval: (_, _params: { readonly callIds: readonly string[] }) => undefined,
    abortEffects: (_, _params: { readonly kinds: readonly string[] }) => undefined,
    notifyEscalation: () => undefined,
    recordAnswer: assign(({ context, event }) =>
      event.type === 'ModelCallSucceeded'
        ? { calls: Object.fromEntries(event.callIds.map((callId) => [callId, { callId, status: 'pending' as const, attempt: 1 }])) }
        : { step: context.step },
    ),
  },
  delays: {
    backoff: ({ context }) => 500 * 2 ** context.attempt,
    approvalTimeout: 3_600_000,
  },
  guards: {
    isOverSteps: ({ context }) => context.step >= context.maxSteps,
    mayRetry: ({ context, event }) => event.type === 'ModelCallFailed' && event.retryable && context.attempt < 3,
    isOpenCall: ({ context, event }) => 'callId' in event && context.calls[event.callId]?.status === 'pending',
    isRetryable: ({ event }) => event.type === 'ToolCallFailed' && event.retryable,
    isSettled: ({ context }) => Object.values(context.calls).every((call) => call.status === 'settled'),
    isRisky: ({ event }) => event.type === 'ModelCallSucceeded' && event.risky,
    wantsTools: ({ event }) => event.type === 'ModelCallSucceeded' && event.callIds.length > 0,
  },
})

/** An agent loop with every construct that a chart of ours may use. */
export const sampleAgent = agentSetup.createMachine({
  id: 'agent',
  version: '1.0.0',
  initial: 'active',
  context: ({ input }) => ({ goal: input?.goal ?? '', step: 0, attempt: 0, maxSteps: 12, calls: {} }),
  on: { RunCancelled: { target: '.cancelled' } },
  states: {
    active: {
      description: 'The agent works, or waits for something.',
      initial: 'awaitingMessage',
      on: { RunPaused: 'paused' },
      states: {
        awaitingMessage: { tags: ['human'], description: 'A turn is over.', on: { MessageReceived: 'checkingInput' } },
        checkingInput: {
          entry: { type: 'checkInput', params: ({ context }) => ({ goal: context.goal }) },
          exit: { type: 'abortEffects', params: { kinds: ['checkInput'] } },
          on: { InputAccepted: 'thinking', InputRejected: 'awaitingMessage' },
        },
        thinking: {
          initial: 'checkingLimits',
          states: {
            checkingLimits: {
              always: [
                { guard: 'isOverSteps', target: '#agent.escalated' },
                { target: 'callingModel', actions: assign({ step: ({ context }) => context.step + 1, attempt: 0 }) },
              ],
            },
            callingModel: {
              entry: [
                assign({ attempt: ({ context }) => context.attempt + 1 }),
                { type: 'callModel', params: ({ context }) => ({ step: context.step }) },
              ],
              exit: { type: 'abortEffects', params: { kinds: ['callModel'] } },
              on: {
                ModelCallSucceeded: [
                  { guard: and(['wantsTools', 'isRisky']), target: '#agent.active.awaitingApproval', actions: 'recordAnswer' },
                  { guard: 'wantsTools', target: '#agent.active.acting', actions: 'recordAnswer' },
                  { target: '#agent.active.awaitingMessage', actions: 'recordAnswer' },
                ],
                ModelCallFailed: [{ guard: 'mayRetry', target: 'backingOff' }, { target: '#agent.escalated' }],
              },
            },
            backingOff: { after: { backoff: 'callingModel' } },
          },
        },
        acting: {
          entry: enqueueActions(({ context, enqueue }) => {
            for (const { callId, status } of Object.values(context.calls))
              if (status === 'pending') enqueue({ type: 'callTool', params: { callId } })
          }),
          exit: { type: 'abortEffects', params: { kinds: ['callTool'] } },
          on: {
            ToolCallSucceeded: {
              guard: 'isOpenCall',
              actions: assign({ calls: ({ context, event }) => settled(context.calls, event.callId) }),
            },
            ToolCallFailed: [
              {
                guard: and(['isOpenCall', 'isRetryable']),
                actions: enqueueActions(({ event, enqueue }) => {
                  enqueue.raise({ type: 'ToolRetryDue', callId: event.callId }, { id: `retry.${event.callId}`, delay: 200 })
                }),
              },
              {
                guard: and(['isOpenCall', not('isRetryable')]),
                actions: assign({ calls: ({ context, event }) => settled(context.calls, event.callId) }),
              },
            ],
            ToolRetryDue: {
              guard: 'isOpenCall',
              actions: { type: 'callTool', params: ({ event }) => ({ callId: event.callId }) },
            },
          },
          always: { guard: 'isSettled', target: 'thinking' },
        },
        awaitingApproval: {
          tags: ['human'],
          entry: { type: 'askApproval', params: ({ context }) => ({ callIds: Object.keys(context.calls) }) },
          exit: { type: 'abortEffects', params: { kinds: ['askApproval'] } },
          after: { approvalTimeout: '#agent.escalated' },
          on: { ApprovalGranted: 'acting', ApprovalDenied: 'thinking' },
        },
        whereItWas: { type: 'history', history: 'deep' },
      },
    },
    paused: { tags: ['human'], on: { RunResumed: 'active.whereItWas' } },
    escalated: { tags: ['human'], entry: 'notifyEscalation', on: { EscalationResolved: 'active' } },
    cancelled: { type: 'final' },
  },
})
