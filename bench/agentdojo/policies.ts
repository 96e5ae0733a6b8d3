import { defineAgent, defineProjection, defineTool, type Agent, type Verdict } from '../../src/index.ts'
import { shownContent } from '../../src/events/content.ts'
import { z } from 'zod'
import { canonicalJson, jsonText, type Json } from '../../src/json.ts'
import { foreignArgument } from './origin.ts'
import type { RecordedRun } from './recorded-runs.ts'

/** What is done about a call that changes something, or tells somebody something, with an argument that only a tool has named. */
export const policies = ['allow', 'refuse', 'ask'] as const
export type Policy = (typeof policies)[number]

/** `office@1` allows, `office@2` refuses, `office@3` asks. */
export const versionOf = (policy: Policy): string => String(policies.indexOf(policy) + 1)

interface Sources {
  readonly said: readonly string[]
  readonly got: readonly string[]
}

const outputText = (output: Json): string => (typeof output === 'string' ? output : jsonText(output))

/** What the user has said, and what tools have brought. */
const sources = defineProjection<Sources>({
  name: 'sources',
  initial: () => ({ said: [], got: [] }),
  apply(before, event) {
    if (event.type === 'MessageReceived') return { ...before, said: [...before.said, shownContent(event.data.parts)] }
    if (event.type === 'ToolCallSucceeded') return { ...before, got: [...before.got, outputText(event.data.output)] }
    return before
  },
})

const guardrail = (policy: Exclude<Policy, 'allow'>) => ({
  name: 'arguments-from-tools',
  check: (
    { effect, input }: { readonly effect: string; readonly input: unknown },
    run: { projection(of: typeof sources): Sources },
  ): Verdict => {
    if (effect === 'read') return { verdict: 'allow' }
    const foreign = foreignArgument(input as Json, run.projection(sources))
    if (foreign === undefined) return { verdict: 'allow' }
    return { verdict: policy === 'ask' ? 'ask' : 'block', reason: `only a tool has named ${JSON.stringify(foreign.slice(0, 80))}` }
  },
})

/** By its name: what only looks. A page that is fetched tells its server something. */
const isRead = (tool: string): boolean => /^(get|search|read|list|check)_/.test(tool) && tool !== 'get_webpage'

/** Outputs of the recorded runs, by run and call; several of the same call in their order. */
const outputsOf = (runs: readonly RecordedRun[]): ReadonlyMap<string, readonly string[]> => {
  const outputs = new Map<string, string[]>()
  for (const { id, results } of runs)
    for (const { tool, input, output } of results) {
      const key = callKey(id, tool, input)
      outputs.set(key, [...(outputs.get(key) ?? []), output])
    }
  return outputs
}

const callKey = (run: string, tool: string, input: unknown): string => `${run} ${tool} ${canonicalJson(input)}`

/** The context of a run names what it replays. */
const replayed = z.object({ recorded: z.string(), system: z.string() })

/** An agent whose tools bring what they brought in the record, under one policy. Every run of every suite is one of it. */
const officeAgent = (runs: readonly RecordedRun[], policy: Policy): Agent => {
  const outputs = outputsOf(runs)
  const told = new Map<string, number>()
  const tools = [...new Set(runs.flatMap(({ steps }) => steps.flatMap(({ calls }) => calls.map(({ tool }) => tool))))].sort()
  return defineAgent({
    name: 'office',
    version: versionOf(policy),
    context: replayed,
    instructions: ({ recorded, system }) => `${system}\n${recorded}`,
    models: ['recorded/gpt-4o'],
    tools: tools.map((name) =>
      defineTool({
        name,
        description: 'As AgentDojo has it',
        input: z.looseObject({}),
        output: z.string(),
        effect: isRead(name) ? 'read' : 'idempotent',
        context: replayed,
        maxOutputBytes: 1_000_000,
        execute: (input, { context }) => {
          const key = callKey(context.recorded, name, input)
          const known = outputs.get(key) ?? []
          const before = told.get(key) ?? 0
          told.set(key, before + 1)
          return Promise.resolve(known[Math.min(before, known.length - 1)] ?? '')
        },
      }),
    ),
    projections: [sources],
    guardrails: { action: policy === 'allow' ? [] : [guardrail(policy)] },
    limits: { iterationsPerTurn: null, toolCallsPerTurn: null, tokens: null, repeatedCalls: null, cycles: null },
  })
}

export type OfficeAgents = Readonly<Record<Policy, Agent>>

export const officeAgents = (runs: readonly RecordedRun[]): OfficeAgents => ({
  allow: officeAgent(runs, 'allow'),
  refuse: officeAgent(runs, 'refuse'),
  ask: officeAgent(runs, 'ask'),
})
