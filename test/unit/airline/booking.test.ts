import { describe, expect, test } from 'vitest'
import type { AirlineData, ToolOutcome } from '../../../examples/airline/airline-data.ts'
import { call, reservation, smallAirline, user } from './small-airline.ts'

const base = smallAirline()

const BOOKING = {
  user_id: '"mia"',
  origin: '"JFK"',
  destination: '"SEA"',
  flight_type: '"one_way"',
  cabin: '"economy"',
  flights: '[{"flight_number": "HAT001", "date": "2024-05-20"}]',
  passengers: '[{"first_name": "Mia", "last_name": "Li", "dob": "1990-04-05"}]',
  payment_methods: '[{"payment_id": "credit_card_1", "amount": 100}]',
  total_baggages: '0',
  nonfree_baggages: '0',
  insurance: '"no"',
}

const book = (changes: Partial<typeof BOOKING> = {}, data: AirlineData = base): ToolOutcome =>
  call(data, 'book_reservation', { ...BOOKING, ...changes })

const pay = (...payments: readonly (readonly [string, string])[]): { payment_methods: string } => ({
  payment_methods: `[${payments.map(([id, amount]) => `{"payment_id": "${id}", "amount": ${amount}}`).join(', ')}]`,
})

describe('booking a reservation', () => {
  test('answers with the stored reservation, its keys in the order of the benchmark', () => {
    const { data, text } = book()
    expect(text).toBe(
      '{"reservation_id": "HATHAT", "user_id": "mia", "origin": "JFK", "destination": "SEA", "flight_type": "one_way", "cabin": "economy", ' +
        '"flights": [{"flight_number": "HAT001", "date": "2024-05-20", "price": 100, "origin": "JFK", "destination": "SEA"}], ' +
        '"passengers": [{"first_name": "Mia", "last_name": "Li", "dob": "1990-04-05"}], ' +
        '"payment_history": [{"payment_id": "credit_card_1", "amount": 100}], "created_at": "2024-05-15T15:00:00", ' +
        '"total_baggages": 0, "nonfree_baggages": 0, "insurance": "no"}',
    )
    expect(reservation(data, 'HATHAT')).toEqual(JSON.parse(text))
    expect(user(data)).toMatchObject({ reservations: ['RES001', 'HATHAT'] })
    expect(data.flights).toBe(base.flights)
  })

  test('keeps the keys that the caller sent with a flight, and overwrites the price where it stood', () => {
    const { text } = book({ flights: '[{"seat": "1A", "price": 1, "date": "2024-05-20", "flight_number": "HAT001"}]' })
    expect(text).toContain(
      '[{"seat": "1A", "price": 100, "date": "2024-05-20", "flight_number": "HAT001", "origin": "JFK", "destination": "SEA"}]',
    )
  })

  test('adds up flights, insurance and bags', () => {
    const price = '{"amount": 530, "payment_id": "credit_card_1"}'
    const { text } = book({
      flights: '[{"flight_number": "HAT002", "date": "2024-05-20"}, {"flight_number": "HAT003", "date": "2024-05-20"}]',
      passengers: '[{}, {}]',
      nonfree_baggages: '1.0',
      insurance: '"yes"',
      payment_methods: `[${price}]`,
    })
    expect(text).toBe('Error: payment amount does not add up, total price is 510.0, but paid 530')
  })

  test('takes from a gift card, uses up a certificate whole, and leaves a credit card alone', () => {
    const { data } = book(pay(['gift_card_1', '30.0'], ['certificate_1', '20'], ['credit_card_1', '50']))
    expect(user(data)).toMatchObject({
      payment_methods: {
        credit_card_1: { source: 'credit_card', brand: 'visa', last_four: '7447', id: 'credit_card_1' },
        gift_card_1: { source: 'gift_card', amount: 90, id: 'gift_card_1' },
      },
    })
    expect(data.users.get('mia')?.get('payment_methods')).not.toHaveProperty('certificate_1')
    expect(user(base)).toMatchObject({ payment_methods: { certificate_1: { amount: 250 } } })
  })

  test('names the first three bookings and lets a fourth replace the third', () => {
    const ids = ['HATHAT', 'HATHAU', 'HATHAV', 'HATHAV']
    let data = base
    for (const id of ids) {
      const outcome = book({}, data)
      expect(outcome.text).toContain(`"reservation_id": "${id}"`)
      data = outcome.data
    }
    expect(Array.from(data.reservations.keys())).toEqual(['RES001', 'HATHAT', 'HATHAU', 'HATHAV'])
    expect(user(data)).toMatchObject({ reservations: ['RES001', ...ids] })
  })

  test('charges a gift card that is listed twice twice, though each time its whole balance is checked', () => {
    const { data } = book({ cabin: '"basic_economy"', passengers: '[1, 2, 3, 4]', ...pay(['gift_card_1', '120'], ['gift_card_1', '120']) })
    expect(user(data)).toMatchObject({ payment_methods: { gift_card_1: { amount: -120 } } })
  })

  test('fails on a certificate that is listed twice, and keeps what it took up to there', () => {
    const { data, text } = book(pay(['gift_card_1', '50'], ['certificate_1', '25'], ['certificate_1', '25']))
    expect(text).toBe("Error: 'certificate_1'")
    expect(user(data)).toMatchObject({ payment_methods: { gift_card_1: { amount: 70 } }, reservations: ['RES001'] })
    expect(JSON.stringify(user(data))).not.toContain('certificate_1')
    expect(data.reservations).toBe(base.reservations)
  })

  test('stores as sent what it does not look at', () => {
    const { text } = book({ total_baggages: '"many"', origin: 'null', insurance: 'true', nonfree_baggages: 'false' })
    expect(text).toContain('"origin": null')
    expect(text).toContain('"total_baggages": "many", "nonfree_baggages": false, "insurance": true}')
  })

  const flights = (flight: string): { flights: string } => ({ flights: `[${flight}]` })

  test.each<[Partial<typeof BOOKING>, string]>([
    [{ user_id: '"constructor"' }, 'user not found'],
    [{ user_id: '5' }, 'user not found'],
    [{ user_id: '[]' }, "unhashable type: 'list'"],
    [{ user_id: '{}' }, "unhashable type: 'dict'"],
    [flights('{"flight_number": "HAT999", "date": "2024-05-20"}'), 'flight HAT999 not found'],
    [flights('{"flight_number": null, "date": "2024-05-20"}'), 'flight None not found'],
    [flights('{"flight_number": "HAT001", "date": "2024-06-20"}'), 'flight HAT001 not found on date 2024-06-20'],
    [flights('{"flight_number": "HAT001", "date": 1.50}'), 'flight HAT001 not found on date 1.5'],
    [flights('{"flight_number": "HAT001", "date": "2024-05-15"}'), 'flight HAT001 not available on date 2024-05-15'],
    [flights('{"date": "2024-05-20"}'), "'flight_number'"],
    [flights('{"flight_number": "HAT001"}'), "'date'"],
    [flights('{"flight_number": [], "date": "2024-05-20"}'), "unhashable type: 'list'"],
    [flights('"HAT001"'), "string indices must be integers, not 'str'"],
    [flights('["HAT001"]'), 'list indices must be integers or slices, not str'],
    [flights('7'), "'int' object is not subscriptable"],
    [{ flights: 'null' }, "'NoneType' object is not iterable"],
    [{ flights: '"HAT001"' }, "string indices must be integers, not 'str'"],
    [{ cabin: '"first"' }, "'first'"],
    [{ cabin: 'null' }, 'None'],
    [{ cabin: '5' }, '5'],
    [{ passengers: '[1, 2, 3]' }, 'not enough seats on flight HAT001'],
    [{ passengers: '3' }, "object of type 'int' has no len()"],
    [{ nonfree_baggages: '"1"' }, "unsupported operand type(s) for +=: 'int' and 'str'"],
    [{ nonfree_baggages: 'null' }, "unsupported operand type(s) for *: 'int' and 'NoneType'"],
    [pay(['gift_card_2', '100']), 'payment method gift_card_2 not found'],
    [pay(['toString', '100']), 'payment method toString not found'],
    [pay(['gift_card_1', '121']), 'not enough balance in payment method gift_card_1'],
    [pay(['certificate_1', '250.5']), 'not enough balance in payment method certificate_1'],
    [pay(['gift_card_1', '"100"']), "'<' not supported between instances of 'int' and 'str'"],
    [pay(['credit_card_1', '"100"']), "unsupported operand type(s) for +: 'int' and 'str'"],
    [pay(['credit_card_1', '99.5']), 'payment amount does not add up, total price is 100, but paid 99.5'],
    [{ payment_methods: '[]' }, 'payment amount does not add up, total price is 100, but paid 0'],
    [{ payment_methods: '[{"payment_id": "gift_card_1"}]' }, "'amount'"],
    [{ payment_methods: '[{"amount": 1}]' }, "'payment_id'"],
    [{ payment_methods: '[{"payment_id": {}, "amount": 1}]' }, "unhashable type: 'dict'"],
    [{ payment_methods: 'true' }, "'bool' object is not iterable"],
  ])('with %j fails and changes nothing', (changes, message) => {
    expect(book(changes)).toEqual({ data: base, text: `Error: ${message}` })
    expect(book(changes).data).toBe(base)
  })

  test('checks in the order of the benchmark: flights, then payments, then the sum', () => {
    expect(book({ ...flights('{"flight_number": "X"}'), ...pay(['x', '1']), user_id: '"x"' }).text).toBe('Error: user not found')
    expect(book({ ...flights('{"flight_number": "X"}'), ...pay(['x', '1']) }).text).toBe('Error: flight X not found')
    expect(book(pay(['gift_card_1', '1'], ['x', '1'])).text).toBe('Error: payment method x not found')
  })
})
