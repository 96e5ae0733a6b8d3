import { and, assign, not, setup } from 'xstate'
import { toolCallsOf } from '../events/message.ts'
import { settlesCall, type RunFact, type RunSettings } from '../events/run-events.ts'
import { present } from '../present.ts'
import type { ChartEvent } from './chart-event.ts'
import type { CallToolParams } from './intents.ts'
import { beforeRetry, reachedLimit } from './spent.ts'

export interface AgentRunInput {
  readonly settings: RunSettings
}

interface AgentRunContext {
  readonly settings: RunSettings
  /** Index in the list of models: a fallback holds for the rest of the run. */
  readonly model: number
  /** The model call under way, or '' between two. */
  readonly callId: string
  readonly attempt: number
  readonly modelAttempt: number
  /** Tool calls of this iteration that have no last word yet. */
  readonly open: readonly string[]
  /** Whether a tool call of this iteration got as far as the tool. */
  readonly anyRan: boolean
  /** Calls of this iteration after which a person owns the run. */
  readonly handsOver: readonly string[]
  readonly handedOver: boolean
  /** Answers in a row that the model had to be asked to correct. */
  readonly corrections: number
  /** Messages that no prompt has held yet. */
  readonly unread: number
  readonly outcome: 'answered' | 'rejected' | 'wrappedUp' | 'answeredByHuman'
  readonly reason: string
}

const intent = (_: unknown, _params?: Record<string, unknown>): void => undefined

const limitReachedBy = ({ callId, settings }: AgentRunContext, { spent }: ChartEvent) =>
  reachedLimit(callId === '' ? spent : beforeRetry(spent), settings.limits)

const modelCall = ({ callId, attempt, modelAttempt, model }: AgentRunContext, purpose: 'answer' | 'wrapUp') => ({
  callId,
  attempt,
  modelAttempt,
  model,
  purpose,
})

const toolCallId = (event: ChartEvent, index: number): string => `${event.revision}.${index}`

const handingOver = ({ settings }: AgentRunContext, event: ChartEvent): string[] =>
  settings.handsOver.length === 0
    ? []
    : proposedCalls(event).flatMap(({ tool, callId }) => (settings.handsOver.includes(tool) && callId !== undefined ? [callId] : []))

const proposedCalls = (event: ChartEvent): CallToolParams[] =>
  event.type === 'ModelCallSucceeded'
    ? toolCallsOf(event.parts).map((call, index) => ({
        callId: toolCallId(event, index),
        tool: call.name,
        argumentsText: call.argumentsText,
        providerId: call.id,
      }))
    : []

/** The life of an agent: it reads a message, thinks, acts and answers, until somebody ends it. */
export const agentRun = setup({
  types: { context: {} as AgentRunContext, events: {} as ChartEvent, input: {} as AgentRunInput },
  actions: {
    callModel: intent,
    callTools: intent,
    checkInput: intent,
    checkOutput: intent,
    reportLimit: intent,
    endTurn: intent,
    escalate: intent,
    countMessage: assign({ unread: ({ context }) => context.unread + 1 }),
    dropMessage: assign({ unread: ({ context }) => Math.max(0, context.unread - 1) }),
    nextModel: assign({ model: ({ context }) => context.model + 1, modelAttempt: 0, corrections: 0 }),
    endModelCall: assign({ callId: '', attempt: 0, modelAttempt: 0 }),
    noteAttempt: assign({ attempt: ({ context, event }) => (event.type === 'ModelCallFailed' ? event.attempt : context.attempt) }),
    countCorrection: assign({ corrections: ({ context }) => context.corrections + 1 }),
    openToolCalls: assign({
      open: ({ event }) =>
        event.type === 'ModelCallSucceeded' ? toolCallsOf(event.parts).map((_, index) => toolCallId(event, index)) : [],
      handsOver: ({ context, event }) => handingOver(context, event),
      anyRan: false,
    }),
    settleToolCall: assign({
      open: ({ context, event }) => ('callId' in event ? context.open.filter((callId) => callId !== event.callId) : context.open),
      anyRan: ({ context, event }) => context.anyRan || event.type !== 'ToolCallRejected',
      handedOver: ({ context, event }) =>
        context.handedOver || (event.type === 'ToolCallSucceeded' && context.handsOver.includes(event.callId)),
    }),
    changeLimits: assign({
      settings: ({ context, event }) =>
        event.type === 'RunReturned'
          ? { ...context.settings, limits: { ...context.settings.limits, ...present(event.limits ?? {}) } }
          : context.settings,
    }),
    beginModelCall: assign({
      callId: ({ context, event }) => (context.callId === '' ? `${event.revision}.model` : context.callId),
      attempt: ({ context }) => context.attempt + 1,
      modelAttempt: ({ context }) => context.modelAttempt + 1,
      unread: 0,
    }),
  },
  guards: {
    checksInput: ({ context }) => context.settings.checksInput,
    checksOutput: ({ context }) => context.settings.checksOutput,
    endsWithOutput: ({ context }) => context.settings.endsWithOutput,
    reachesLimit: ({ context, event }) => limitReachedBy(context, event) !== undefined,
    wantsTools: ({ event }) => event.type === 'ModelCallSucceeded' && toolCallsOf(event.parts).length > 0,
    isOverLimit: ({ context, event }) =>
      event.type === 'ModelCallFailed' && event.class === 'limit' && limitReachedBy(context, event) !== undefined,
    willRetry: ({ event }) => event.type === 'ModelCallFailed' && event.next === 'retry',
    triesNextModel: ({ context, event }) =>
      event.type === 'ModelCallFailed' && event.next === 'nextModel' && context.model + 1 < context.settings.models.length,
    hasNextModel: ({ context }) => context.model + 1 < context.settings.models.length,
    settles: ({ event }) => settlesCall({ type: event.type, data: event } as unknown as RunFact),
    allSettled: ({ context }) => context.open.length === 0,
    wasHandedOver: ({ context }) => context.handedOver,
    noneRan: ({ context }) => !context.anyRan,
    mayCorrect: ({ context }) => context.corrections < context.settings.clarifications,
    hasUnread: ({ context }) => context.unread > 0,
    wasAnswered: ({ context }) => context.outcome === 'answered',
    wasRejected: ({ context }) => context.outcome === 'rejected',
    wasWrappedUp: ({ context }) => context.outcome === 'wrappedUp',
  },
  delays: {
    untilRetry: ({ event }) => (event.type === 'ModelCallFailed' ? Math.max(0, (event.retryAt ?? event.at) - event.at) : 0),
  },
}).createMachine({
  id: 'agent-run',
  context: ({ input }) => ({
    settings: input.settings,
    model: 0,
    callId: '',
    attempt: 0,
    modelAttempt: 0,
    open: [],
    anyRan: false,
    handsOver: [],
    handedOver: false,
    corrections: 0,
    unread: 0,
    outcome: 'answered',
    reason: '',
  }),
  initial: 'awaitingMessage',
  output: ({ context }) => (context.outcome === 'rejected' ? context.reason : undefined),
  on: {
    RunCancelled: '.cancelled',
    MessageReceived: [
      { guard: 'checksInput', actions: ['countMessage', 'checkInput'], description: 'it waits for the next prompt' },
      { actions: 'countMessage' },
    ],
    InputAccepted: {},
    InputRejected: { actions: 'dropMessage' },
  },
  states: {
    awaitingMessage: {
      tags: ['human', 'message'],
      on: {
        MessageReceived: [
          { guard: 'checksInput', target: 'checkingInput', actions: 'countMessage' },
          { target: 'thinking', actions: 'countMessage' },
        ],
        RunCompleted: 'completed',
      },
    },
    checkingInput: {
      entry: 'checkInput',
      on: {
        InputAccepted: 'thinking',
        InputRejected: {
          target: 'finishingTurn',
          actions: ['dropMessage', assign({ outcome: 'rejected', reason: ({ event }) => `input: ${event.reason}` })],
        },
      },
    },
    thinking: {
      initial: 'checkingLimits',
      states: {
        checkingLimits: {
          always: [{ guard: 'reachesLimit', target: '#agent-run.wrappingUp' }, { target: 'callingModel' }],
        },
        callingModel: {
          entry: ['beginModelCall', { type: 'callModel', params: ({ context }) => modelCall(context, 'answer') }],
          on: {
            ModelCallSucceeded: [
              { guard: 'wantsTools', target: '#agent-run.acting', actions: ['endModelCall', 'openToolCalls'] },
              { guard: 'checksOutput', target: '#agent-run.checkingOutput', actions: 'endModelCall' },
              { target: '#agent-run.finishingTurn', actions: ['endModelCall', assign({ outcome: 'answered' })] },
            ],
            ModelCallFailed: [
              { guard: 'isOverLimit', target: '#agent-run.wrappingUp', actions: 'endModelCall' },
              { guard: 'willRetry', target: 'backingOff', actions: 'noteAttempt' },
              { guard: 'triesNextModel', target: 'checkingLimits', actions: ['noteAttempt', 'nextModel'] },
              {
                target: '#agent-run.escalated',
                actions: ['endModelCall', assign({ reason: ({ event }) => `model: ${event.class}: ${event.message}` })],
              },
            ],
          },
        },
        backingOff: { after: { untilRetry: 'checkingLimits' } },
      },
    },
    acting: {
      entry: { type: 'callTools', params: ({ event }) => ({ calls: proposedCalls(event) }) },
      on: {
        ToolCallSucceeded: { actions: 'settleToolCall' },
        ToolCallFailed: [{ guard: 'settles', actions: 'settleToolCall' }, { description: 'the call backs off' }],
        ToolCallRejected: { actions: 'settleToolCall' },
        ToolCallDenied: { actions: 'settleToolCall' },
        RunEscalated: { description: 'a person has to settle a call' },
      },
      always: [
        {
          guard: and(['allSettled', 'wasHandedOver']),
          target: 'escalated',
          actions: assign({ reason: 'the agent handed over to a person', handedOver: false }),
        },
        { guard: and(['allSettled', not('noneRan')]), target: 'thinking', actions: assign({ corrections: 0 }) },
        { guard: and(['allSettled', 'mayCorrect']), target: 'thinking', actions: 'countCorrection' },
        { guard: and(['allSettled', 'hasNextModel']), target: 'thinking', actions: 'nextModel' },
        { guard: 'allSettled', target: 'escalated', actions: assign({ reason: 'the model keeps making calls that are no calls' }) },
      ],
    },
    checkingOutput: {
      entry: 'checkOutput',
      on: {
        OutputAccepted: { target: 'finishingTurn', actions: assign({ outcome: 'answered', corrections: 0 }) },
        OutputRejected: [
          { guard: 'mayCorrect', target: 'thinking', actions: 'countCorrection' },
          { guard: 'hasNextModel', target: 'thinking', actions: 'nextModel' },
          { target: 'escalated', actions: assign({ reason: ({ event }) => `output: ${event.reason}` }) },
        ],
      },
    },
    wrappingUp: {
      description: 'A limit is reached: one last answer without tools, so that the user gets what there is.',
      initial: 'reportingLimit',
      states: {
        reportingLimit: {
          entry: { type: 'reportLimit', params: ({ context, event }) => ({ ...limitReachedBy(context, event) }) },
          on: {
            LimitExceeded: {
              target: 'callingModel',
              actions: ['endModelCall', assign({ reason: ({ event }) => `limit: ${event.limit}` })],
            },
          },
        },
        callingModel: {
          entry: ['beginModelCall', { type: 'callModel', params: ({ context }) => modelCall(context, 'wrapUp') }],
          on: {
            ModelCallSucceeded: { target: '#agent-run.finishingTurn', actions: ['endModelCall', assign({ outcome: 'wrappedUp' })] },
            ModelCallFailed: [
              { guard: 'willRetry', target: 'backingOff', actions: 'noteAttempt' },
              { target: '#agent-run.escalated', actions: 'endModelCall' },
            ],
          },
        },
        backingOff: { after: { untilRetry: 'callingModel' } },
      },
    },
    finishingTurn: {
      entry: { type: 'endTurn', params: ({ context }) => ({ outcome: context.outcome }) },
      on: {
        TurnCompleted: [
          { guard: 'wasWrappedUp', target: 'escalated' },
          { guard: and(['endsWithOutput', 'wasAnswered']), target: 'completed' },
          { guard: and(['endsWithOutput', 'wasRejected']), target: 'failed' },
          { guard: 'hasUnread', target: 'thinking' },
          { target: 'awaitingMessage' },
        ],
      },
    },
    escalated: {
      tags: 'human',
      description: 'A human owns it: answer for the agent, give it back, or close it.',
      entry: { type: 'escalate', params: ({ context }) => ({ reason: context.reason }) },
      on: {
        RunEscalated: {},
        HumanAnswerReceived: {
          guard: not('endsWithOutput'),
          description: 'a result is given by completing the run with it',
          target: 'finishingTurn',
          actions: assign({ outcome: 'answeredByHuman', unread: 0 }),
        },
        RunReturned: { target: 'thinking', actions: ['changeLimits', assign({ model: 0, corrections: 0, outcome: 'answered' })] },
        RunCompleted: 'completed',
        RunFailed: 'failed',
      },
    },
    completed: { type: 'final' },
    failed: { type: 'final', tags: 'failed' },
    cancelled: { type: 'final', tags: 'cancelled' },
  },
})
