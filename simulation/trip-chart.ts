import { assign, setup } from 'xstate'
import type { ChartEvent } from '../src/machines/chart-event.ts'
import type { Json } from '../src/json.ts'
import { rulesOf, type Rules } from './code.ts'

interface TripContext {
  readonly n: number
  readonly total: Json
  readonly tries: number
}

interface TripInput {
  readonly input: { readonly n: number }
}

const helperOf = ({ n }: TripContext): string => (n % 2 === 0 ? 'clerk' : 'desk')

const intent = (_: unknown, _params?: Record<string, unknown>): void => undefined

/** Code of a guard: broken, it throws. */
const decided = (answer: boolean, { broken }: Rules): boolean => {
  if (broken === 'chart') throw new Error('the sum fell over')
  return answer
}

/** A user's own chart: a workflow of a tool, a question, two things at once, a run of another agent and a model. */
export const tripChartBy = (rules: Rules) =>
  setup({
    types: { context: {} as TripContext, events: {} as ChartEvent, input: {} as TripInput },
    actions: {
      callTool: intent,
      askApproval: intent,
      startChildRun: intent,
      callModel: intent,
      abandon: intent,
      restart: assign({ tries: 0 }),
    },
    guards: {
      isFinalFailure: ({ event }) => event.type === 'ToolCallFailed' && event.retryAt === undefined,
      mayTryAgain: ({ context }) => context.tries < 2,
      isInHaste: ({ context }) => decided(context.n % rules.haste === 0, rules),
      isLong: ({ context }) => decided(context.n > 3, rules),
    },
    delays: {
      untilRetry: ({ event }) => (event.type === 'ModelCallFailed' ? Math.max(0, (event.retryAt ?? event.at) - event.at) : 0),
    },
  }).createMachine({
    id: 'trip',
    context: ({ input }) => ({ n: input.input.n, total: null, tries: 0 }),
    initial: 'reserving',
    states: {
      reserving: {
        entry: { type: 'callTool', params: ({ context }) => ({ tool: 'note', input: { n: context.n }, key: 'reserve' }) },
        on: {
          ToolCallSucceeded: [{ guard: 'isInHaste', target: 'askingInHaste' }, { target: 'asking' }],
          ToolCallFailed: { guard: 'isFinalFailure', target: 'failed' },
          ToolCallRejected: 'failed',
        },
      },
      askingInHaste: {
        tags: 'human',
        entry: {
          type: 'askApproval',
          params: ({ context }) => ({ question: `Book trip ${context.n} now?`, key: 'book', timeoutMs: 10_000 }),
        },
        on: { ApprovalGranted: 'paying', ApprovalDenied: 'failed' },
      },
      asking: {
        tags: 'human',
        entry: {
          type: 'askApproval',
          params: ({ context }) => ({ question: `Book trip ${context.n}?`, key: 'book', timeoutMs: 60_000 }),
        },
        on: { ApprovalGranted: 'paying', ApprovalDenied: 'failed' },
        after: { 20000: { target: 'reconsidering', actions: 'abandon' } },
      },
      reconsidering: {
        tags: 'human',
        on: { RunReturned: 'asking', RunFailed: 'failed', RunCompleted: 'done' },
      },
      paying: {
        type: 'parallel',
        states: {
          money: {
            initial: 'moving',
            states: {
              moving: {
                entry: {
                  type: 'callTool',
                  params: ({ context }) => ({ tool: context.n % 2 === 0 ? 'pay' : 'ship', input: { n: context.n }, key: 'pay' }),
                },
                on: { ToolCallSucceeded: 'moved', ToolCallRejected: 'moved', ToolCallFailed: { guard: 'isFinalFailure', target: 'moved' } },
              },
              moved: { type: 'final' },
            },
          },
          patience: {
            initial: 'waiting',
            states: { waiting: { after: { 700: { actions: 'restart' }, 1500: 'over' } }, over: { type: 'final' } },
          },
        },
        after: { 40000: { target: 'failed', actions: 'abandon' } },
        onDone: [{ guard: 'isLong', target: 'delegating' }, { target: 'summing' }],
      },
      delegating: {
        entry: {
          type: 'startChildRun',
          params: ({ context }) => ({
            ...(context.n === 9
              ? { agent: 'trip', input: { n: 4 } }
              : { agent: helperOf(context), input: `plan: read ${context.n}; say trip` }),
            key: 'child',
          }),
        },
        on: {
          ChildRunSucceeded: { target: 'summing', actions: assign({ total: ({ event }) => event.output }) },
          ChildRunFailed: 'failed',
        },
      },
      summing: {
        entry: [
          { type: 'callModel', params: ({ context }) => ({ key: 'sum', prompt: `plan: say sum ${context.n}`, instructions: 'Sum up.' }) },
          assign({ tries: ({ context }) => context.tries + 1 }),
        ],
        on: { ModelCallSucceeded: 'done', ModelCallFailed: [{ guard: 'mayTryAgain', target: 'resting' }, { target: 'failed' }] },
      },
      resting: { after: { untilRetry: 'summing' } },
      done: { type: 'final' },
      failed: { type: 'final', tags: 'failed' },
    },
    output: ({ context }) => ({ n: context.n, total: context.total }),
  })

/** As all should have it. */
export const tripChart = tripChartBy(rulesOf('own'))
