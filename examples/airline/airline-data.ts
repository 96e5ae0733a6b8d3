import type { ObjectValue } from './value.ts'

/** Rows by their key, in the order of the file. */
export type Table = ReadonlyMap<string, ObjectValue>

/** The state of one run. Immutable: what a tool changes is new, and everything else is shared with all other runs. */
export interface AirlineData {
  readonly flights: Table
  readonly reservations: Table
  readonly users: Table
}

/** What a tool call leads to. Without a change, `data` is the very object that went in. */
export interface ToolOutcome {
  readonly data: AirlineData
  readonly text: string
}
