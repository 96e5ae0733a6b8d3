import { describe, expect, test } from 'vitest'
import { call, smallAirline } from './small-airline.ts'

const data = smallAirline()

const search = (tool: 'direct' | 'onestop', date: string, [origin, destination] = ['"JFK"', '"SEA"']): string => {
  const outcome = call(data, `search_${tool}_flight`, { origin: origin ?? '', destination: destination ?? '', date })
  expect(outcome.data).toBe(data)
  return outcome.text
}

const FARES =
  '"available_seats": {"basic_economy": 9, "economy": 2, "business": 1}, "prices": {"basic_economy": 60, "economy": 100, "business": 300}'

describe('searching direct flights', () => {
  test('finds what can be booked on the date', () => {
    expect(search('direct', '"2024-05-20"')).toBe(
      '[{"flight_number": "HAT001", "origin": "JFK", "destination": "SEA", "scheduled_departure_time_est": "06:00:00", ' +
        `"scheduled_arrival_time_est": "12:00:00", "status": "available", ${FARES}}]`,
    )
  })

  test('finds nothing on other days, between other airports, and for what is no text', () => {
    expect(search('direct', '"2024-05-15"')).toBe('[]')
    expect(search('direct', '"2024-06-01"')).toBe('[]')
    expect(search('direct', '"2024-05-20"', ['"JFK"', '"XYZ"'])).toBe('[]')
    expect(search('direct', '"2024-05-20"', ['1', '[]'])).toBe('[]')
    expect(search('direct', '5')).toBe('[]')
    expect(search('direct', '{}')).toBe("Error: unhashable type: 'dict'")
  })
})

describe('searching flights with one stop', () => {
  const pairs = (text: string): unknown =>
    (JSON.parse(text) as { flight_number: string; date: string }[][]).map((pair) => pair.map((f) => [f.flight_number, f.date]))

  test('finds pairs in the order of the file; equal times connect, a second less does not', () => {
    expect(pairs(search('onestop', '"2024-05-21"'))).toEqual([
      [
        ['HAT002', '2024-05-21'],
        ['HAT003', '2024-05-21'],
      ],
    ])
  })

  test('connects to the next day after a night flight, and offers the second flight with the state of the first day', () => {
    const text = search('onestop', '"2024-05-20"')
    expect(pairs(text)).toEqual([
      [
        ['HAT004', '2024-05-20'],
        ['HAT003', '2024-05-21'],
      ],
      [
        ['HAT004', '2024-05-20'],
        ['HAT005', '2024-05-21'],
      ],
      [
        ['HAT002', '2024-05-20'],
        ['HAT003', '2024-05-20'],
      ],
    ])
    expect(text).toContain(`"status": "available", ${FARES}, "date": "2024-05-21"}]`)
  })

  test.each([
    ['"2024-05-xx"', "invalid literal for int() with base 10: 'xx'"],
    ['"x\'"', 'invalid literal for int() with base 10: "x\'"'],
    ['""', "invalid literal for int() with base 10: ''"],
    ['null', "'NoneType' object is not subscriptable"],
    ['["2024-05-20"]', "int() argument must be a string, a bytes-like object or a real number, not 'list'"],
    ['{}', "unhashable type: 'slice'"],
  ])('with the date %s fails, because the day after it is asked for', (date, message) => {
    expect(search('onestop', date)).toBe(`Error: ${message}`)
  })

  test('reads the last two characters of the date as a number, whatever they look like', () => {
    expect(search('onestop', '"2024-5-5"')).toBe('[]')
    expect(search('onestop', '"2024-05- 5"')).toBe('[]')
    expect(search('onestop', '"x"', ['"SEA"', '"JFK"'])).toBe('[]')
  })
})

describe('looking up', () => {
  test('gives the row as it stands in the file', () => {
    expect(call(data, 'get_reservation_details', { reservation_id: '"RES001"' }).text).toMatch(
      /^{"reservation_id": "RES001", .*"total_baggages": 1, "nonfree_baggages": 1, "insurance": "no"}$/,
    )
    expect(call(data, 'get_user_details', { user_id: '"mia"' }).text).toMatch(/^{"name": {"first_name": "Mia", "last_name": "Li"}, /)
  })

  test('says "user" also where a reservation is missing', () => {
    expect(call(data, 'get_reservation_details', { reservation_id: '"x"' }).text).toBe('Error: user not found')
    expect(call(data, 'get_user_details', { user_id: '"__proto__"' }).text).toBe('Error: user not found')
  })
})
