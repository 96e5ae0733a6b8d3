import { z } from 'zod'
import type { Guardrails } from '../src/guardrails/guardrail.ts'
import { defineProjection } from '../src/projections/projection.ts'
import { defineAgent, type Agent } from '../src/runtime/agent.ts'
import { defineTool } from '../src/tools/define-tool.ts'
import type { Tool, ToolContext, ToolOptions } from '../src/tools/tool.ts'
import { codes, nextRules, rulesOf, type Code, type Rules } from './code.ts'
import { TIME_LIMITS_MS } from './time-limits.ts'
import { tripChartBy } from './trip-chart.ts'

/** The hands of one process: what its agents do is done by them. */
export interface Hands {
  execute(tool: Tool, input: unknown, context: ToolContext): Promise<unknown>
  lookUp(tool: Tool, idempotencyKey: string, signal: AbortSignal): ReturnType<NonNullable<Tool['lookup']>>
}

const numbered = z.object({ n: z.number().int(), note: z.string().default('none') })
const done = z.object({ n: z.number(), done: z.string() })

const tool = (
  name: string,
  options: Pick<ToolOptions<unknown, unknown>, 'effect'> & Partial<ToolOptions<z.infer<typeof numbered>, z.infer<typeof done>>>,
): Tool =>
  defineTool({
    name,
    description: `Does ${name} with a number.`,
    input: numbered,
    output: done,
    timeoutMs: TIME_LIMITS_MS.tool,
    retry: options.effect === 'once' ? {} : { attempts: 3, baseDelayMs: 200, maxDelayMs: 2_000 },
    execute: () => Promise.reject(new Error(`${name} belongs to no process`)),
    ...options,
  })

const lookup: NonNullable<Tool<unknown, z.infer<typeof done>>['lookup']> = () => Promise.resolve({ found: 'unknown' })

const tools = {
  read: tool('read', { effect: 'read' }),
  note: tool('note', { effect: 'idempotent' }),
  pay: tool('pay', { effect: 'once', lookup }),
  ship: tool('ship', { effect: 'once' }),
  sign: tool('sign', { effect: 'once', lookup, approval: true }),
  post: tool('post', { effect: 'idempotent', approval: ({ n }) => n > 3 }),
  single: tool('single', { effect: 'read', concurrency: 1 }),
  metered: tool('metered', { effect: 'idempotent', ratePerSecond: 2 }),
  /** Names its act: who orders the same again has ordered it once. */
  order: tool('order', { effect: 'once', lookup, idempotencyKey: ({ n }) => `order ${n}` }),
}

const models = ['alpha/one', 'beta/two']
const time = { modelTimeoutMs: TIME_LIMITS_MS.model, approvalTimeoutMs: TIME_LIMITS_MS.approval }

/** Keeps of each event all that a projection can see, so that a live fold and a replay have to agree on all of it. */
const diary = ({ broken }: Rules) =>
  defineProjection<readonly string[]>({
    name: 'diary',
    initial: () => [],
    apply: (entries, event) => {
      if (broken === 'projection' && event.type === 'ToolCallSucceeded') throw new Error('the diary fell over')
      return [...entries.slice(-3), JSON.stringify(event)]
    },
  })

const desk = (version: string, rules: Rules): Agent =>
  defineAgent({
    ...time,
    name: 'desk',
    version,
    instructions: version === '1' ? 'Do what the plan says.' : 'Do what the plan says, and smile.',
    models,
    tools: Object.values(tools),
    limits: { iterationsPerTurn: 6, toolCallsPerTurn: 8, wallTimeMs: null },
    projections: [diary(rules)],
  })

const guardrails: Guardrails = {
  input: [
    {
      name: 'no-curses',
      check: (text) => (text.includes('curse') ? { verdict: 'block', reason: 'it curses', evidence: 'curse' } : { verdict: 'allow' }),
    },
    {
      name: 'no-secrets',
      check: (text) =>
        text.includes('secret') ? { verdict: 'redact', text: text.replaceAll('secret', '***'), reason: 'a secret' } : { verdict: 'allow' },
    },
  ],
  output: [
    { name: 'polite', check: (text) => (text.includes('rude') ? { verdict: 'block', reason: 'it is rude' } : { verdict: 'allow' }) },
    {
      name: 'mask',
      check: (text) =>
        text.includes('card') ? { verdict: 'redact', text: text.replaceAll('card', '****'), reason: 'a card' } : { verdict: 'allow' },
    },
  ],
  action: [
    {
      name: 'careful',
      check: ({ tool: name, input }) => {
        const { n } = input as { n: number }
        if (name === 'pay' && n > 5) return { verdict: 'ask', reason: 'a large sum' }
        return n === 13 ? { verdict: 'block', reason: 'not 13' } : { verdict: 'allow' }
      },
    },
  ],
}

const guarded = defineAgent({
  ...time,
  name: 'guarded',
  version: '1',
  instructions: 'Be careful.',
  models,
  tools: [tools.read, tools.note, tools.pay, tools.ship],
  guardrails,
})

const clerk = defineAgent({
  ...time,
  name: 'clerk',
  version: '1',
  instructions: 'Give the total.',
  models,
  tools: [tools.read, tools.note, tools.ship],
  output: z.object({ total: z.number() }),
  clarifications: 1,
})

const frugal = defineAgent({
  ...time,
  name: 'frugal',
  version: '1',
  instructions: 'Spend little.',
  models: ['alpha/one'],
  tools: [tools.read, tools.note, tools.pay],
  limits: { iterationsPerTurn: 2, toolCallsPerTurn: 4, tokens: 4_000, wallTimeMs: 120_000, repeatedCalls: 3, cycles: 2 },
})

const trip = (version: string, rules: Rules): Agent =>
  defineAgent({
    ...time,
    name: 'trip',
    version,
    chart: tripChartBy(rules),
    models: ['alpha/one'],
    tools: [tools.note, tools.pay, tools.ship],
    // With it no guard that could throw is asked.
    probeInput: { n: 1 },
  })

/** The agents that have a next version. */
export const movable: ReadonlySet<string> = new Set(['desk', 'trip'])
export const NEXT_VERSION = '2'

/** Runs begin with what stands last. */
const agentsOf = (code: Code): readonly Agent[] => [
  ...(code === 'old' ? [] : [desk(NEXT_VERSION, nextRules(code)), trip(NEXT_VERSION, nextRules(code))]),
  desk('1', rulesOf(code)),
  guarded,
  clerk,
  frugal,
  trip('1', rulesOf(code)),
]

const agents = Object.fromEntries(codes.map((code) => [code, agentsOf(code)])) as Readonly<Record<Code, readonly Agent[]>>

/** Programs are the same in all processes of one code; only the hands differ. */
export const agentsWith = (hands: Hands, code: Code = 'own'): Agent[] =>
  agents[code].map((agent) => ({ ...agent, tools: new Map([...agent.tools].map(([name, known]) => [name, heldBy(hands, known)])) }))

const heldBy = (hands: Hands, known: Tool): Tool => ({
  ...known,
  execute: (input, context) => hands.execute(known, input, context),
  ...(known.lookup === undefined
    ? {}
    : { lookup: (key: string, { signal }: { readonly signal: AbortSignal }) => hands.lookUp(known, key, signal) }),
})
