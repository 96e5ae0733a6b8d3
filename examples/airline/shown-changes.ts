import type { AirlineData, Table } from './airline-data.ts'
import { jsonText } from './json-text.ts'

/** What a run has changed in its data base, as JSON. */
export const shownChanges = (fresh: AirlineData, data: AirlineData): Record<string, unknown> => ({
  reservations: changed(fresh.reservations, data.reservations),
  users: changed(fresh.users, data.users),
})

const changed = (before: Table, after: Table): Record<string, unknown> =>
  Object.fromEntries(
    [...after].flatMap(([key, value]) => (before.get(key) === value ? [] : [[key, JSON.parse(jsonText(value)) as unknown]])),
  )
