import type { AirlineData } from '../airline-data.ts'
import { jsonText } from '../json-text.ts'
import { has, isEqual, item, objectItem, withItem } from '../python-operations.ts'
import { messageText, quoted, typeName } from '../python-text.ts'
import { Refusal } from '../refusal.ts'
import { isArray, isObject, type ObjectValue, type Value } from '../value.ts'
import { toolReducer } from './tool-reducer.ts'

export const searchDirectFlight = toolReducer('search_direct_flight', ['origin', 'destination', 'date'], (data, args) => {
  const hits = Array.from(data.flights.values()).filter(
    (flight) => leaves(flight, args.origin) && arrives(flight, args.destination) && isAvailable(flight, args.date),
  )
  return { data, text: jsonText(hits.map((flight) => offer(flight, args.date))) }
})

export const searchOnestopFlight = toolReducer('search_onestop_flight', ['origin', 'destination', 'date'], (data, args) => {
  const hits = connections(data, args.origin, args.destination).flatMap(([first, second]) => {
    const secondDate = dateOfSecond(first, args.date)
    if (isMissed(first, second) || !isAvailable(first, args.date) || !isAvailable(second, secondDate)) return []
    return [
      [
        withItem(offer(first, args.date), 'date', args.date),
        // The benchmark offers the second flight with its seats and prices of the first date, also where it leaves a day later.
        withItem(offer(second, args.date), 'date', secondDate),
      ],
    ]
  })
  return { data, text: jsonText(hits) }
})

const leaves = (flight: ObjectValue, airport: Value): boolean => isEqual(item(flight, 'origin'), airport)

const arrives = (flight: ObjectValue, airport: Value): boolean => isEqual(item(flight, 'destination'), airport)

const isAvailable = (flight: ObjectValue, date: Value): boolean => {
  const dates = objectItem(flight, 'dates')
  return has(dates, date) && item(objectItem(dates, date), 'status') === 'available'
}

const offer = (flight: ObjectValue, date: Value): ObjectValue => {
  const day = objectItem(objectItem(flight, 'dates'), date)
  const ofFlight = ['flight_number', 'origin', 'destination', 'scheduled_departure_time_est', 'scheduled_arrival_time_est']
  const ofDay = ['status', 'available_seats', 'prices']
  return new Map([...ofFlight.map((key) => [key, item(flight, key)] as const), ...ofDay.map((key) => [key, item(day, key)] as const)])
}

const connections = (data: AirlineData, origin: Value, destination: Value): readonly (readonly [ObjectValue, ObjectValue])[] => {
  const flights = Array.from(data.flights.values())
  const seconds = flights.filter((flight) => arrives(flight, destination))
  return flights
    .filter((flight) => leaves(flight, origin))
    .flatMap((first) => seconds.filter((second) => leaves(second, item(first, 'destination'))).map((second) => [first, second] as const))
}

const isMissed = (first: ObjectValue, second: ObjectValue): boolean =>
  text(first, 'scheduled_arrival_time_est') > text(second, 'scheduled_departure_time_est')

const text = (flight: ObjectValue, key: string): string => messageText(item(flight, key))

/** The next day where the first flight lands on it; without zero padding and across no end of month, as in the benchmark. */
const dateOfSecond = (first: ObjectValue, date: Value): Value => {
  if (!text(first, 'scheduled_arrival_time_est').includes('+1')) return date
  return `2024-05-${dayOf(date) + 1}`
}

const dayOf = (date: Value): number => {
  if (isArray(date)) throw new Refusal("int() argument must be a string, a bytes-like object or a real number, not 'list'")
  if (isObject(date)) throw new Refusal("unhashable type: 'slice'")
  if (typeof date !== 'string') throw new Refusal(`'${typeName(date)}' object is not subscriptable`)
  const lastTwo = Array.from(date).slice(-2).join('')
  if (!/^\s*[+-]?\d+\s*$/.test(lastTwo)) throw new Refusal(`invalid literal for int() with base 10: ${quoted(lastTwo)}`)
  return Number(lastTwo)
}
