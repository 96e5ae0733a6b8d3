import type { z } from 'zod'
import type { AirlineData, Table } from './airline-data.ts'
import { checkJson, readText } from './check-json.ts'
import { flightsFile, reservationsFile, usersFile } from './data-files.ts'
import { parseJson } from './parse-json.ts'
import { asObject } from './python-operations.ts'
import { declareTools, type AirlineTool } from './tool-declarations.ts'

export interface Airline {
  /** What every run starts from; shared by all of them, as no tool changes data in place. */
  readonly data: AirlineData
  /** The agent's instructions, whole. */
  readonly policy: string
  /** In the order in which the model is told of them. */
  readonly tools: readonly AirlineTool[]
}

/**
 * Loads flights, reservations, users, policy and tool declarations from one folder.
 * Throws `InvalidInput` where a file is missing or not of the expected shape: which file, where in it, what was expected.
 */
export const loadAirline = async (folder: string): Promise<Airline> => {
  const [flights, reservations, users, policy, tools] = await Promise.all([
    readTable(folder, 'flights.json', flightsFile),
    readTable(folder, 'reservations.json', reservationsFile),
    readTable(folder, 'users.json', usersFile),
    readText(folder, 'policy.md'),
    readText(folder, 'tools.json'),
  ])
  return { data: { flights, reservations, users }, policy, tools: declareTools(tools, 'tools.json') }
}

const readTable = async (folder: string, file: string, schema: z.ZodType): Promise<Table> => {
  const text = await readText(folder, file)
  checkJson(schema, text, file)
  // Read a second time, because JSON.parse knows neither integers nor the order of keys.
  return new Map(Array.from(asObject(parseJson(text)), ([key, row]) => [key, asObject(row)]))
}
