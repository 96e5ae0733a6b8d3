import type { AirlineData } from '../airline-data.ts'
import { asObject, difference, elements, isEqual, isLess, item, lengthOf, product, sum, withItem } from '../python-operations.ts'
import { withItems, type Numeric, type ObjectValue, type Value } from '../value.ts'
import { stored } from './change-reservation.ts'
import { found } from './look-up.ts'
import { payForChange } from './pay-for-change.ts'
import { priceFlight, withPrice, type PricedFlight } from './price-flight.ts'
import { toolReducer } from './tool-reducer.ts'

const BAG_PARAMETERS = ['reservation_id', 'total_baggages', 'nonfree_baggages', 'payment_id'] as const
const FLIGHT_PARAMETERS = ['reservation_id', 'cabin', 'flights', 'payment_id'] as const

export const updateReservationBaggages = toolReducer('update_reservation_baggages', BAG_PARAMETERS, (data, args) => {
  const reservation = found(data.reservations, args.reservation_id, 'reservation')
  const increase = difference(args.nonfree_baggages, item(reservation, 'nonfree_baggages'))
  const price = isLess(0n, increase) ? product(50n, increase) : 0n
  const paid = payForChange(data, reservation, args.payment_id, price)
  return stored(paid.data, withItems(paid.reservation, { total_baggages: args.total_baggages, nonfree_baggages: args.nonfree_baggages }))
})

/** The reservation's own cabin stays as it is, also where another one was asked for and paid: so it is in the benchmark. */
export const updateReservationFlights = toolReducer('update_reservation_flights', FLIGHT_PARAMETERS, (data, args) => {
  const reservation = found(data.reservations, args.reservation_id, 'reservation')
  const priced = elements(args.flights).map((flight) => keptOrNew(data, reservation, flight, args.cabin))
  const price = difference(totalOf(priced.map(({ cost }) => cost)), priceBefore(reservation))
  const paid = payForChange(data, reservation, args.payment_id, price)
  const flights = priced.length === 0 ? args.flights : priced.map(({ flight }) => flight)
  return stored(paid.data, withItem(paid.reservation, 'flights', flights))
})

/** A flight that stays in its cabin keeps its old price, whether or not it can still be booked. */
const keptOrNew = (data: AirlineData, reservation: ObjectValue, wanted: Value, cabin: Value): PricedFlight => {
  const passengers = item(reservation, 'passengers')
  const flight = asObject(wanted)
  const kept = elements(item(reservation, 'flights'))
    .map(asObject)
    .find((own) => isSameFlight(own, flight) && isEqual(cabin, item(reservation, 'cabin')))
  if (kept === undefined) return priceFlight(data, flight, cabin, passengers)
  return withPrice(flight, kept, { price: item(kept, 'price'), passengers })
}

const isSameFlight = (own: ObjectValue, wanted: ObjectValue): boolean =>
  isEqual(item(own, 'flight_number'), item(wanted, 'flight_number')) && isEqual(item(own, 'date'), item(wanted, 'date'))

const priceBefore = (reservation: ObjectValue): Numeric => {
  const prices = elements(item(reservation, 'flights')).map((flight) => item(asObject(flight), 'price'))
  return product(totalOf(prices), lengthOf(item(reservation, 'passengers')))
}

const totalOf = (amounts: readonly Value[]): Numeric => amounts.reduce<Numeric>((total, amount) => sum(total, amount), 0n)
