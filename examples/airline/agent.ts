import { callIdAt, defineAgent, defineProjection, defineTool, type Agent, type Projection, type Tool } from 'refold'
import { z } from 'zod'
import type { AirlineData, Table } from './airline-data.ts'
import { callTool } from './call-tool.ts'
import type { Airline } from './dataset.ts'
import { shownChanges } from './shown-changes.ts'

export interface Database {
  /** Rows that the run has changed or made; all others are as they were. A tool is given a copy of a state, so it is kept small. */
  readonly changed: Pick<AirlineData, 'reservations' | 'users'>
  /** Calls under way, with the very text that the model wrote: it tells `250` from `250.0`. */
  readonly open: ReadonlyMap<string, { readonly name: string; readonly argumentsText: string }>
}

/** All of it, as it is by then. */
export const dataOf = (fresh: AirlineData, { changed }: Database): AirlineData => ({
  flights: fresh.flights,
  reservations: withRows(fresh.reservations, changed.reservations),
  users: withRows(fresh.users, changed.users),
})

const withRows = (table: Table, rows: Table): Table => (rows.size === 0 ? table : new Map([...table, ...rows]))

/** The data base of one run: a fold of its tool calls, so it can be seen at any step. */
const databaseProjection = (fresh: AirlineData): Projection<Database> =>
  defineProjection<Database>({
    name: 'database',
    initial: () => ({ changed: { reservations: new Map(), users: new Map() }, open: new Map() }),
    apply: (database, event) => {
      if (event.type === 'ModelCallSucceeded') {
        const calls = event.data.parts.filter((part) => part.type === 'toolCall')
        if (calls.length === 0) return database
        return { ...database, open: new Map(calls.map((call, index) => [callIdAt(event.revision, index), call])) }
      }
      if (event.type !== 'ToolCallSucceeded') return database
      const call = database.open.get(event.data.callId)
      if (call === undefined) return database
      const before = dataOf(fresh, database)
      const { data } = callTool(before, call.name, call.argumentsText)
      return data === before ? database : { ...database, changed: changedRows(fresh, data) }
    },
    show: (database) => shownChanges(fresh, dataOf(fresh, database)),
  })

const changedRows = (fresh: AirlineData, data: AirlineData): Database['changed'] => ({
  reservations: otherRows(fresh.reservations, data.reservations),
  users: otherRows(fresh.users, data.users),
})

const otherRows = (before: Table, after: Table): Table => new Map([...after].filter(([key, row]) => before.get(key) !== row))

export interface AirlineAgent {
  readonly agent: Agent
  readonly database: Projection<Database>
}

const TRANSFER = 'transfer_to_human_agents'

export interface AirlineOptions {
  readonly version?: string
  /** What the model is told in place of what a tool has answered. */
  readonly told?: (tool: string, text: string) => string
}

/** The airline's agent: the policy is its instructions, the 14 tools are pure functions of its data base. */
export const airlineAgent = (
  { data, policy, tools }: Airline,
  models: readonly string[],
  { version = '1', told = (_, text) => text }: AirlineOptions = {},
): AirlineAgent => {
  const database = databaseProjection(data)
  const agent = defineAgent({
    name: 'airline',
    version,
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
          return told(call.name, callTool(dataOf(data, before), call.name, call.argumentsText).text)
        },
      }),
    ),
    projections: [database],
    limits: { iterationsPerTurn: 30, toolCallsPerTurn: 30, repeatedCalls: null, cycles: null },
  })
  return { agent, database }
}
