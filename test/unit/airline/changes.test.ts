import { describe, expect, test } from 'vitest'
import type { AirlineData, ToolOutcome } from '../../../examples/airline/airline-data.ts'
import { call, reservation, smallAirline, user } from './small-airline.ts'

const base = smallAirline()

const FLIGHTS = {
  reservation_id: '"RES001"',
  cabin: '"economy"',
  flights: '[{"flight_number": "HAT001", "date": "2024-05-20"}]',
  payment_id: '"credit_card_1"',
}
const BAGS = { reservation_id: '"RES001"', total_baggages: '2', nonfree_baggages: '2', payment_id: '"gift_card_1"' }

const updateFlights = (changes: Partial<typeof FLIGHTS> = {}, data: AirlineData = base): ToolOutcome =>
  call(data, 'update_reservation_flights', { ...FLIGHTS, ...changes })
const updateBags = (changes: Partial<typeof BAGS> = {}, data: AirlineData = base): ToolOutcome =>
  call(data, 'update_reservation_baggages', { ...BAGS, ...changes })
const cancel = (data: AirlineData = base, id = '"RES001"'): ToolOutcome => call(data, 'cancel_reservation', { reservation_id: id })

const PAID = { payment_id: 'credit_card_1', amount: 160 }

describe('cancelling a reservation', () => {
  test('negates every payment after the last one and puts the status last', () => {
    const { data, text } = cancel()
    expect(reservation(data, 'RES001')).toMatchObject({ payment_history: [PAID, { ...PAID, amount: -160 }], status: 'cancelled' })
    expect(text).toMatch(/"insurance": "no", "status": "cancelled"}$/)
    expect(data.users).toBe(base.users)
  })

  test('again negates the refunds as well', () => {
    const { data } = cancel(cancel().data)
    expect(reservation(data, 'RES001')).toMatchObject({ payment_history: [160, -160, -160, 160].map((amount) => ({ ...PAID, amount })) })
  })

  test('of none is an error', () => {
    expect(cancel(base, '"RES002"')).toEqual({ data: base, text: 'Error: reservation not found' })
    expect(cancel(base, '[1]')).toEqual({ data: base, text: "Error: unhashable type: 'list'" })
  })
})

describe('changing the flights of a reservation', () => {
  test('keeps a flight of the same cabin at its old price, and writes no payment of 0', () => {
    const { data, text } = updateFlights()
    expect(text).toContain(
      '"flights": [{"flight_number": "HAT001", "date": "2024-05-20", "price": 80, "origin": "JFK", "destination": "SEA"}]',
    )
    expect(reservation(data, 'RES001')).toMatchObject({ payment_history: [PAID] })
  })

  test('takes the present price of another cabin for all passengers, and leaves the reservation in its cabin', () => {
    const { data } = updateFlights({ cabin: '"basic_economy"' })
    expect(reservation(data, 'RES001')).toMatchObject({
      cabin: 'economy',
      flights: [{ price: 60 }],
      payment_history: [PAID, { payment_id: 'credit_card_1', amount: -40 }],
    })
  })

  test('charges a gift card, and gives it the refund', () => {
    const later = { flights: '[{"flight_number": "HAT001", "date": "2024-05-21"}]', payment_id: '"gift_card_1"' }
    const charged = updateFlights(later)
    expect(user(charged.data)).toMatchObject({ payment_methods: { gift_card_1: { amount: 60 } } })
    const refunded = updateFlights({ ...later, cabin: '"basic_economy"' }, charged.data)
    expect(user(refunded.data)).toMatchObject({ payment_methods: { gift_card_1: { amount: 160 } } })
  })

  test.each<[Partial<typeof FLIGHTS>, string]>([
    [{ reservation_id: '"RES002"' }, 'reservation not found'],
    [{ flights: '[{"flight_number": "HAT9", "date": "2024-05-20"}]' }, 'flight HAT9 not found'],
    [{ flights: '[{"flight_number": "HAT001", "date": "2024-05-15"}]' }, 'flight HAT001 not available on date 2024-05-15'],
    [{ flights: '[{"flight_number": "HAT001", "date": "x"}]' }, 'flight HAT001 not found on date x'],
    [{ cabin: '"business"' }, 'not enough seats on flight HAT001'],
    [{ cabin: '"first"' }, "'first'"],
    [{ payment_id: '"certificate_1"' }, 'certificate cannot be used to update reservation'],
    [{ payment_id: '"gift_card_9"' }, 'payment method not found'],
    [{ payment_id: '{}' }, "unhashable type: 'dict'"],
    [
      {
        flights: '[{"flight_number": "HAT002", "date": "2024-05-20"}, {"flight_number": "HAT003", "date": "2024-05-20"}]',
        payment_id: '"gift_card_1"',
      },
      'gift card balance is not enough',
    ],
    [{ flights: '5' }, "'int' object is not iterable"],
    [{ flights: '[{"flight_number": "HAT001"}]' }, "'date'"],
  ])('with %j fails and changes nothing', (changes, message) => {
    const outcome = updateFlights(changes)
    expect(outcome.text).toBe(`Error: ${message}`)
    expect(outcome.data).toBe(base)
  })

  test('checks the payment after the flights', () => {
    expect(updateFlights({ cabin: '"business"', payment_id: '"x"' }).text).toBe('Error: not enough seats on flight HAT001')
  })

  test('of a reservation that was cancelled is still possible', () => {
    expect(updateFlights({}, cancel().data).text).toMatch(/"status": "cancelled"}$/)
  })
})

describe('changing the bags of a reservation', () => {
  test('charges 50 for each bag more that is not free', () => {
    const { data } = updateBags({ nonfree_baggages: '3.0' })
    expect(reservation(data, 'RES001')).toMatchObject({
      total_baggages: 2,
      nonfree_baggages: 3,
      payment_history: [PAID, { payment_id: 'gift_card_1', amount: 100 }],
    })
    expect(user(data)).toMatchObject({ payment_methods: { gift_card_1: { amount: 20 } } })
  })

  test('refunds nothing for fewer bags', () => {
    const { data, text } = updateBags({ nonfree_baggages: '0', total_baggages: '9' })
    expect(text).toContain('"amount": 160}], "created_at"')
    expect(data.users).toBe(base.users)
  })

  test.each<[Partial<typeof BAGS>, string]>([
    [{ reservation_id: 'null' }, 'reservation not found'],
    [{ nonfree_baggages: '4' }, 'gift card balance is not enough'],
    [{ nonfree_baggages: '0', payment_id: '"certificate_1"' }, 'certificate cannot be used to update reservation'],
    [{ nonfree_baggages: '0', payment_id: '"valueOf"' }, 'payment method not found'],
    [{ nonfree_baggages: '"2"' }, "unsupported operand type(s) for -: 'str' and 'int'"],
    [{ nonfree_baggages: 'null' }, "unsupported operand type(s) for -: 'NoneType' and 'int'"],
  ])('with %j fails and changes nothing', (changes, message) => {
    const outcome = updateBags(changes)
    expect(outcome.text).toBe(`Error: ${message}`)
    expect(outcome.data).toBe(base)
  })
})

describe('changing the passengers of a reservation', () => {
  const update = (passengers: string, id = '"RES001"'): ToolOutcome =>
    call(base, 'update_reservation_passengers', { reservation_id: id, passengers })

  test('replaces them as they were sent', () => {
    expect(update('[{"dob": "x"}, 2.0]').text).toContain('"passengers": [{"dob": "x"}, 2.0], "payment_history"')
  })

  test('refuses another number of them', () => {
    expect(update('[{}]')).toEqual({ data: base, text: 'Error: number of passengers does not match' })
    expect(update('[{}]', '"x"')).toEqual({ data: base, text: 'Error: reservation not found' })
    expect(update('null')).toEqual({ data: base, text: "Error: object of type 'NoneType' has no len()" })
  })
})

describe('sending a certificate', () => {
  const send = (amount: string, data: AirlineData = base, id = '"mia"'): ToolOutcome =>
    call(data, 'send_certificate', { user_id: id, amount })

  test('adds the next of three certificates as the last payment method', () => {
    const first = send('100')
    expect(first.text).toBe('Certificate certificate_3221322 added to user mia with amount 100.')
    expect(call(first.data, 'get_user_details', { user_id: '"mia"' }).text).toContain(
      '"certificate_3221322": {"source": "certificate", "amount": 100, "id": "certificate_3221322"}}, "saved_passengers"',
    )
    const third = send('["a", 1]', send('100.0', first.data).data)
    expect(third.text).toBe("Certificate certificate_3221324 added to user mia with amount ['a', 1].")
    expect(send('1', third.data)).toEqual({ data: third.data, text: expect.stringMatching(/^Error: /) as string })
  })

  test('writes the amount as it was sent', () => {
    expect(send('100.0').text).toMatch(/with amount 100\.0\.$/)
    expect(send('null').text).toMatch(/with amount None\.$/)
    expect(send('{"a": true}').text).toMatch(/with amount {'a': True}\.$/)
    expect(send('"100"').text).toMatch(/with amount 100\.$/)
  })

  test('to nobody is an error', () => {
    expect(send('1', base, '"bo"')).toEqual({ data: base, text: 'Error: user not found' })
  })
})
