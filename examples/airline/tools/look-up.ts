import type { Table } from '../airline-data.ts'
import { jsonText } from '../json-text.ts'
import { has, item } from '../python-operations.ts'
import { Refusal } from '../refusal.ts'
import { objectOf, type ObjectValue, type Value } from '../value.ts'
import { toolReducer } from './tool-reducer.ts'

/** The row of this key, or a refusal `<what> not found`. */
export const found = (table: Table, key: Value, what: string): ObjectValue => {
  if (!has(table, key)) throw new Refusal(`${what} not found`)
  return item(table, key)
}

// The benchmark says "user" where the reservation is missing.
export const getReservationDetails = toolReducer('get_reservation_details', ['reservation_id'], (data, args) => ({
  data,
  text: jsonText(found(data.reservations, args.reservation_id, 'user')),
}))

export const getUserDetails = toolReducer('get_user_details', ['user_id'], (data, args) => ({
  data,
  text: jsonText(found(data.users, args.user_id, 'user')),
}))

export const listAllAirports = toolReducer('list_all_airports', [], (data) => ({ data, text: AIRPORTS }))

const AIRPORTS = jsonText(
  objectOf({
    SFO: 'San Francisco',
    JFK: 'New York',
    LAX: 'Los Angeles',
    ORD: 'Chicago',
    DFW: 'Dallas',
    DEN: 'Denver',
    SEA: 'Seattle',
    ATL: 'Atlanta',
    MIA: 'Miami',
    BOS: 'Boston',
    PHX: 'Phoenix',
    IAH: 'Houston',
    LAS: 'Las Vegas',
    MCO: 'Orlando',
    EWR: 'Newark',
    CLT: 'Charlotte',
    MSP: 'Minneapolis',
    DTW: 'Detroit',
    PHL: 'Philadelphia',
    LGA: 'LaGuardia',
  }),
)
