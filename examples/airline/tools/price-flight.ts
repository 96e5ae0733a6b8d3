import type { AirlineData } from '../airline-data.ts'
import { asObject, has, isLess, item, lengthOf, objectItem, product } from '../python-operations.ts'
import { messageText } from '../python-text.ts'
import { Refusal } from '../refusal.ts'
import { withItems, type Numeric, type ObjectValue, type Value } from '../value.ts'

export interface PricedFlight {
  /** As the caller sent it, with price, origin and destination set. */
  readonly flight: ObjectValue
  /** For all passengers. */
  readonly cost: Numeric
}

/** Checks one wanted flight, `{flight_number, date}`, and takes its price of that date. Takes no seats. */
export const priceFlight = (data: AirlineData, wanted: Value, cabin: Value, passengers: Value): PricedFlight => {
  const flight = asObject(wanted)
  const flightNumber = item(flight, 'flight_number')
  const name = `flight ${messageText(flightNumber)}`
  if (!has(data.flights, flightNumber)) throw new Refusal(`${name} not found`)
  const known = item(data.flights, flightNumber)
  const dates = objectItem(known, 'dates')
  const date = item(flight, 'date')
  if (!has(dates, date)) throw new Refusal(`${name} not found on date ${messageText(date)}`)
  const day = objectItem(dates, date)
  if (item(day, 'status') !== 'available') throw new Refusal(`${name} not available on date ${messageText(date)}`)
  if (isLess(item(objectItem(day, 'available_seats'), cabin), lengthOf(passengers))) throw new Refusal(`not enough seats on ${name}`)
  return withPrice(flight, known, { price: item(objectItem(day, 'prices'), cabin), passengers })
}

/** `source` gives origin and destination. */
export const withPrice = (
  flight: ObjectValue,
  source: ObjectValue,
  { price, passengers }: { readonly price: Value; readonly passengers: Value },
): PricedFlight => ({
  flight: withItems(flight, { price, origin: item(source, 'origin'), destination: item(source, 'destination') }),
  cost: product(price, lengthOf(passengers)),
})
