import { callIdAt, defineAgent, defineProjection, defineTool, type Agent, type Projection, type Tool } from 'refold'
import { z } from 'zod'
import type { AirlineData } from './airline-data.ts'
import { callTool } from './call-tool.ts'
import type { Airline } from './dataset.ts'
import { shownChanges } from './shown-changes.ts'

export interface Database {
  readonly data: AirlineData
  /** Calls under way, with the very text that the model wrote: it tells `250` from `250.0`. */
  readonly open: ReadonlyMap<string, { readonly name: string; readonly argumentsText: string }>
}

/** The data base of one run: a fold of its tool calls, so it can be seen at any step. */
const databaseProjection = (fresh: AirlineData): Projection<Database> =>
  defineProjection<Database>({
    name: 'database',
    initial: () => ({ data: fresh, open: new Map() }),
    apply: (database, event) => {
      if (event.type === 'ModelCallSucceeded') {
        const calls = event.data.parts.filter((part) => part.type === 'toolCall')
        if (calls.length === 0) return database
        return { ...database, open: new Map(calls.map((call, index) => [callIdAt(event.revision, index), call])) }
      }
      if (event.type !== 'ToolCallSucceeded') return database
      const call = database.open.get(event.data.callId)
      if (call === undefined) return database
      return { ...database, data: callTool(database.data, call.name, call.argumentsText).data }
    },
    show: ({ data }) => shownChanges(fresh, data),
  })

export interface AirlineAgent {
  readonly agent: Agent
  readonly database: Projection<Database>
}

const TRANSFER = 'transfer_to_human_agents'

/** The airline's agent: the policy is its instructions, the 14 tools are pure functions of its data base. */
export const airlineAgent = ({ data, policy, tools }: Airline, models: readonly string[]): AirlineAgent => {
  const database = databaseProjection(data)
  const agent = defineAgent({
    name: 'airline',
    version: '1',
    instructions: policy,
    models,
    tools: tools.map((declared): Tool =>
      defineTool({
        name: declared.name,
        description: declared.description,
        // The tools answer what does not fit themselves, as in the benchmark.
        input: z.record(z.string(), z.unknown()),
        inputSchema: declared.inputSchema,
        output: z.string(),
        effect: declared.effect,
        projections: [database],
        handsOver: declared.name === TRANSFER,
        execute: async (_, context) => {
          const before = context.projection(database)
          const call = before.open.get(context.callId)
          if (call === undefined) throw new Error(`expected a call ${context.callId} in the run, found none`)
          return callTool(before.data, call.name, call.argumentsText).text
        },
      }),
    ),
    projections: [database],
    limits: { iterationsPerTurn: 30, toolCallsPerTurn: 30, repeatedCalls: null, cycles: null },
  })
  return { agent, database }
}
