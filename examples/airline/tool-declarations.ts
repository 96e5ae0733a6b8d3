import { AppError, type Effect } from 'refold'
import { z } from 'zod'
import { toolNames } from './call-tool.ts'
import { checkJson } from './check-json.ts'

const inputSchema = z.record(z.string(), z.json())

export interface AirlineTool {
  readonly name: string
  readonly description: string
  /** JSON Schema of the arguments, for the model; the tools themselves check only what `callTool` says. */
  readonly inputSchema: z.infer<typeof inputSchema>
  readonly effect: Effect
}

const declarations = z.array(
  z.strictObject({
    type: z.literal('function'),
    function: z.strictObject({ name: z.string(), description: z.string(), parameters: inputSchema }),
  }),
)

const WRITES: readonly string[] = [
  'book_reservation',
  'cancel_reservation',
  'send_certificate',
  'transfer_to_human_agents',
  'update_reservation_baggages',
  'update_reservation_flights',
  'update_reservation_passengers',
]

/**
 * The tools as `text` (tools.json) declares them. A write is `idempotent`, because the data are a fold of the run's own calls:
 * the same call at the same place of the run leads to the same data, however often it is computed.
 * Throws `InvalidInput` unless exactly the tools that exist are declared.
 */
export const declareTools = (text: string, where: string): readonly AirlineTool[] => {
  const tools = checkJson(declarations, text, where).map(({ function: { name, description, parameters } }) => ({
    name,
    description,
    inputSchema: parameters,
    effect: WRITES.includes(name) ? ('idempotent' as const) : ('read' as const),
  }))
  const declared = tools.map(({ name }) => name).sort()
  if (declared.join() !== toolNames.join()) {
    throw new AppError('InvalidInput', `expected the tools ${toolNames.join(', ')} in ${where}, found ${declared.join(', ')}`)
  }
  return tools
}
