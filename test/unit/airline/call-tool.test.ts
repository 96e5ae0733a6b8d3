import { fc } from '../../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import { callTool, toolNames } from '../../../examples/airline/call-tool.ts'
import { call, smallAirline, textOf } from './small-airline.ts'

const data = smallAirline()

describe('a tool call', () => {
  test('of an unknown tool answers with its name and without `Error`', () => {
    expect(callTool(data, 'constructor', '{}')).toEqual({ data, text: 'Unknown action constructor' })
  })

  test.each([
    [
      'book_reservation',
      { data: '1', x: '1' },
      "tau_bench.envs.airline.tools.book_reservation.BookReservation.invoke() got multiple values for keyword argument 'data'",
    ],
    ['search_onestop_flight', { origin: '1', zone: '1', x: '1' }, "SearchOnestopFlight.invoke() got an unexpected keyword argument 'zone'"],
    ['think', { __proto: '1' }, "Think.invoke() got an unexpected keyword argument '__proto'"],
    ['think', {}, "Think.invoke() missing 1 required positional argument: 'thought'"],
    ['send_certificate', {}, "SendCertificate.invoke() missing 2 required positional arguments: 'user_id' and 'amount'"],
    [
      'update_reservation_baggages',
      { total_baggages: '1' },
      "UpdateReservationBaggages.invoke() missing 3 required positional arguments: 'reservation_id', 'nonfree_baggages', and 'payment_id'",
    ],
    ['list_all_airports', { city: '1' }, "ListAllAirports.invoke() got an unexpected keyword argument 'city'"],
  ])('of %s with arguments %j does not bind', (name, args, message) => {
    expect(call(data, name, args)).toEqual({ data, text: `Error: ${message}` })
  })

  test.each(['', '{', '[]', 'null', '"x"', '{"thought": NaN}'])('with the arguments %j, which are no JSON object, is an error', (text) => {
    const outcome = callTool(data, 'think', text)
    expect(outcome.text).toMatch(/^Error: expected /)
    expect(outcome.data).toBe(data)
  })

  test('of one of the simple tools answers its fixed text', () => {
    expect(call(data, 'think', { thought: '"hm"' })).toEqual({ data, text: '' })
    expect(call(data, 'transfer_to_human_agents', { summary: '"help"' })).toEqual({ data, text: 'Transfer successful' })
    expect(call(data, 'list_all_airports', {}).text).toMatch(/^{"SFO": "San Francisco", .*"LGA": "LaGuardia"}$/)
  })

  test('never changes the data it was given, never throws, and leaves them alone when it fails, whatever a model sends', () => {
    const before = textOf(data)
    fc.assert(
      fc.property(fc.constantFrom(...toolNames), fc.dictionary(fc.constantFrom(...ARGUMENT_NAMES), anArgument), (name, args) => {
        const outcome = call(data, name, { ...SOUND[name], ...onlyKnown(args, SOUND[name]) })
        expect(textOf(data)).toBe(before)
        expect(outcome.data === data || !outcome.text.startsWith('Error: ')).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  test('shares everything that it does not change', () => {
    const outcome = call(data, 'update_reservation_baggages', SOUND['update_reservation_baggages'] ?? {})
    expect(outcome.text).not.toMatch(/^Error/)
    expect(outcome.data.flights).toBe(data.flights)
    expect(outcome.data.users.get('mia')?.get('address')).toBe(data.users.get('mia')?.get('address'))
    expect(outcome.data.reservations.get('RES001')?.get('flights')).toBe(data.reservations.get('RES001')?.get('flights'))
  })
})

const MIA = '{"first_name": "Mia", "last_name": "Li", "dob": "1990-04-05"}'
const FLIGHTS = '[{"flight_number": "HAT001", "date": "2024-05-20"}]'

/** Arguments with which each tool succeeds. */
const SOUND: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  book_reservation: {
    user_id: '"mia"',
    origin: '"JFK"',
    destination: '"SEA"',
    flight_type: '"one_way"',
    cabin: '"economy"',
    flights: FLIGHTS,
    passengers: `[${MIA}]`,
    payment_methods: '[{"payment_id": "gift_card_1", "amount": 100}]',
    total_baggages: '0',
    nonfree_baggages: '0',
    insurance: '"no"',
  },
  calculate: { expression: '"1 + 1"' },
  cancel_reservation: { reservation_id: '"RES001"' },
  get_reservation_details: { reservation_id: '"RES001"' },
  get_user_details: { user_id: '"mia"' },
  list_all_airports: {},
  search_direct_flight: { origin: '"JFK"', destination: '"SEA"', date: '"2024-05-20"' },
  search_onestop_flight: { origin: '"JFK"', destination: '"SEA"', date: '"2024-05-20"' },
  send_certificate: { user_id: '"mia"', amount: '100' },
  think: { thought: '""' },
  transfer_to_human_agents: { summary: '""' },
  update_reservation_baggages: { reservation_id: '"RES001"', total_baggages: '3', nonfree_baggages: '3', payment_id: '"gift_card_1"' },
  update_reservation_flights: { reservation_id: '"RES001"', cabin: '"economy"', flights: FLIGHTS, payment_id: '"credit_card_1"' },
  update_reservation_passengers: { reservation_id: '"RES001"', passengers: `[${MIA}, ${MIA}]` },
}

const ARGUMENT_NAMES = Array.from(new Set(Object.values(SOUND).flatMap((args) => Object.keys(args))))

const anArgument = fc.oneof(
  fc.constantFrom('null', 'true', '-1', '2.5', '1e999', '""', '"JFK"', '"mia"', '{}', '[]', '[1]', '[[]]', '["x"]', '{"a": 1}'),
  fc.constantFrom('[{}]', '[{"flight_number": "HAT001"}]', '[{"flight_number": [], "date": 1}]', '[{"payment_id": "certificate_1"}]'),
  fc.constantFrom('[{"payment_id": "gift_card_1", "amount": "x"}]', '[{"payment_id": "certificate_1", "amount": 100.0}]'),
  fc.json(),
)

const onlyKnown = (args: Readonly<Record<string, string>>, sound: object = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(args).filter(([name]) => name in sound))
