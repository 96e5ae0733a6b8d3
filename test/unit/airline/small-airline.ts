import type { AirlineData, Table, ToolOutcome } from '../../../examples/airline/airline-data.ts'
import { callTool } from '../../../examples/airline/call-tool.ts'
import { jsonText } from '../../../examples/airline/json-text.ts'
import { parseJson } from '../../../examples/airline/parse-json.ts'
import { asObject } from '../../../examples/airline/python-operations.ts'

// Three airports and two days: enough for a direct flight, a connection overnight, and a flight that is gone.

const day = (status: string, economy = 100): object =>
  status === 'available'
    ? {
        status,
        available_seats: { basic_economy: 9, economy: 2, business: 1 },
        prices: { basic_economy: 60, economy, business: 300 },
      }
    : { status, actual_departure_time_est: '2024-05-15T06:00:00', actual_arrival_time_est: '2024-05-15T08:00:00' }

const flight = (flight_number: string, [origin, destination]: readonly [string, string], times: readonly [string, string]): object => ({
  flight_number,
  origin,
  destination,
  scheduled_departure_time_est: times[0],
  scheduled_arrival_time_est: times[1],
  dates: {
    '2024-05-15': day('landed'),
    '2024-05-20': day('available'),
    '2024-05-21': day('available', 110),
  },
})

export const SMALL_FILES = {
  'flights.json': {
    HAT001: flight('HAT001', ['JFK', 'SEA'], ['06:00:00', '12:00:00']),
    HAT004: flight('HAT004', ['JFK', 'ORD'], ['23:00:00', '01:00:00+1']),
    HAT002: flight('HAT002', ['JFK', 'ORD'], ['06:00:00', '08:00:00']),
    HAT003: flight('HAT003', ['ORD', 'SEA'], ['08:00:00', '12:00:00']),
    HAT005: flight('HAT005', ['ORD', 'SEA'], ['07:59:59', '12:00:00']),
  },
  'reservations.json': {
    RES001: {
      reservation_id: 'RES001',
      user_id: 'mia',
      origin: 'JFK',
      destination: 'SEA',
      flight_type: 'one_way',
      cabin: 'economy',
      flights: [{ origin: 'JFK', destination: 'SEA', flight_number: 'HAT001', date: '2024-05-20', price: 80 }],
      passengers: [
        { first_name: 'Mia', last_name: 'Li', dob: '1990-04-05' },
        { first_name: 'Bo', last_name: 'Li', dob: '1991-04-05' },
      ],
      payment_history: [{ payment_id: 'credit_card_1', amount: 160 }],
      created_at: '2024-05-01T10:00:00',
      total_baggages: 1,
      nonfree_baggages: 1,
      insurance: 'no',
    },
  },
  'users.json': {
    mia: {
      name: { first_name: 'Mia', last_name: 'Li' },
      address: { address1: '1 Oak', address2: 'Suite 2', city: 'Rome', country: 'USA', province: 'NY', zip: '10001' },
      email: 'mia@example.com',
      dob: '1990-04-05',
      payment_methods: {
        credit_card_1: { source: 'credit_card', brand: 'visa', last_four: '7447', id: 'credit_card_1' },
        gift_card_1: { source: 'gift_card', amount: 120, id: 'gift_card_1' },
        certificate_1: { source: 'certificate', amount: 250, id: 'certificate_1' },
      },
      saved_passengers: [],
      membership: 'gold',
      reservations: ['RES001'],
    },
  },
}

const table = (rows: object): Table => new Map(Array.from(asObject(parseJson(JSON.stringify(rows))), ([key, row]) => [key, asObject(row)]))

export const smallAirline = (): AirlineData => ({
  flights: table(SMALL_FILES['flights.json']),
  reservations: table(SMALL_FILES['reservations.json']),
  users: table(SMALL_FILES['users.json']),
})

/** Each value is the JSON of one argument, so that a float stays one: `{ amount: '100.0' }`. */
export const call = (data: AirlineData, name: string, args: Readonly<Record<string, string>>): ToolOutcome =>
  callTool(
    data,
    name,
    `{${Object.entries(args)
      .map(([key, json]) => `${JSON.stringify(key)}: ${json}`)
      .join(', ')}}`,
  )

/** All of the data as text: what has to stay the same where nothing was changed. */
export const textOf = ({ flights, reservations, users }: AirlineData): string =>
  jsonText(new Map([flights, reservations, users].map((t, i) => [String(i), t])))

export const user = (data: AirlineData, id = 'mia'): unknown => JSON.parse(jsonText(data.users.get(id) ?? null))

export const reservation = (data: AirlineData, id: string): unknown => JSON.parse(jsonText(data.reservations.get(id) ?? null))
