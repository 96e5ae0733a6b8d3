import type { AirlineData, ToolOutcome } from '../airline-data.ts'
import { jsonText } from '../json-text.ts'
import {
  asObject,
  elements,
  extended,
  has,
  isEqual,
  isLess,
  item,
  lengthOf,
  objectItem,
  product,
  sum,
  difference,
  withItem,
} from '../python-operations.ts'
import { literal, messageText, typeName } from '../python-text.ts'
import { Refusal } from '../refusal.ts'
import { isArray, objectOf, withoutItem, type Numeric, type ObjectValue, type Value } from '../value.ts'
import { found } from './look-up.ts'
import { priceFlight, type PricedFlight } from './price-flight.ts'
import { toolReducer } from './tool-reducer.ts'

const PARAMETERS = [
  'user_id',
  'origin',
  'destination',
  'flight_type',
  'cabin',
  'flights',
  'passengers',
  'payment_methods',
  'total_baggages',
  'nonfree_baggages',
  'insurance',
] as const

type Booking = Readonly<Record<(typeof PARAMETERS)[number], Value>>

export const bookReservation = toolReducer('book_reservation', PARAMETERS, (data, booking) => {
  const user = found(data.users, booking.user_id, 'user')
  const priced = elements(booking.flights).map((flight) => priceFlight(data, flight, booking.cabin, booking.passengers))
  checkPayments(booking, objectItem(user, 'payment_methods'), totalPrice(booking, priced))
  return payAndStore(data, user, booking, priced)
})

const totalPrice = (booking: Booking, priced: readonly PricedFlight[]): Numeric => {
  const flights = priced.reduce<Numeric>((total, { cost }) => sum(total, cost), 0n)
  const insured = booking.insurance === 'yes' ? sum(flights, product(30n, lengthOf(booking.passengers))) : flights
  return sum(insured, priceOfBags(booking.nonfree_baggages))
}

const priceOfBags = (bags: Value): Numeric => {
  // In Python 50 times a string is a long string, and only adding it to the price fails.
  if (typeof bags === 'string' || isArray(bags)) throw new Refusal(`unsupported operand type(s) for +=: 'int' and '${typeName(bags)}'`)
  return product(50n, bags)
}

const checkPayments = (booking: Booking, methods: ObjectValue, price: Numeric): void => {
  const payments = elements(booking.payment_methods)
  for (const payment of payments) checkBalance(asObject(payment), methods)
  const paid = payments.reduce<Numeric>((total, payment) => sum(total, item(asObject(payment), 'amount')), 0n)
  if (!isEqual(paid, price)) {
    throw new Refusal(`payment amount does not add up, total price is ${messageText(price)}, but paid ${messageText(paid)}`)
  }
}

const checkBalance = (payment: ObjectValue, methods: ObjectValue): void => {
  const paymentId = item(payment, 'payment_id')
  const amount = item(payment, 'amount')
  if (!has(methods, paymentId)) throw new Refusal(`payment method ${messageText(paymentId)} not found`)
  const method = objectItem(methods, paymentId)
  const source = item(method, 'source')
  if ((source === 'gift_card' || source === 'certificate') && isLess(item(method, 'amount'), amount)) {
    throw new Refusal(`not enough balance in payment method ${paymentId}`)
  }
}

const payAndStore = (data: AirlineData, user: ObjectValue, booking: Booking, priced: readonly PricedFlight[]): ToolOutcome => {
  const { methods, missing } = takePayments(booking, objectItem(user, 'payment_methods'))
  const charged = withItem(user, 'payment_methods', methods)
  // The one failure that keeps what was changed before it: the payments taken so far.
  if (missing !== undefined)
    return { data: { ...data, users: withItem(data.users, booking.user_id, charged) }, text: `Error: ${literal(missing)}` }

  const reservationId = newReservationId(data)
  const reservation = newReservation(reservationId, booking, priced)
  const owner = withItem(charged, 'reservations', extended(item(charged, 'reservations'), [reservationId]))
  return {
    data: {
      ...data,
      reservations: withItem(data.reservations, reservationId, reservation),
      users: withItem(data.users, booking.user_id, owner),
    },
    text: jsonText(reservation),
  }
}

/** A certificate is used up whole, so that it is `missing` where it is listed a second time. */
const takePayments = (booking: Booking, methods: ObjectValue): { readonly methods: ObjectValue; readonly missing?: Value } => {
  let left = methods
  for (const payment of elements(booking.payment_methods).map(asObject)) {
    const paymentId = item(payment, 'payment_id')
    if (!has(left, paymentId)) return { methods: left, missing: paymentId }
    const method = objectItem(left, paymentId)
    const source = item(method, 'source')
    if (source === 'certificate') left = withoutItem(left, paymentId)
    if (source === 'gift_card') {
      const amount = difference(item(method, 'amount'), item(payment, 'amount'))
      left = withItem(left, paymentId, withItem(method, 'amount', amount))
    }
  }
  return { methods: left }
}

/** A fourth booking replaces the third. */
const newReservationId = (data: AirlineData): string => ['HATHAT', 'HATHAU'].find((id) => !data.reservations.has(id)) ?? 'HATHAV'

const newReservation = (reservationId: string, booking: Booking, priced: readonly PricedFlight[]): ObjectValue =>
  objectOf({
    reservation_id: reservationId,
    user_id: booking.user_id,
    origin: booking.origin,
    destination: booking.destination,
    flight_type: booking.flight_type,
    cabin: booking.cabin,
    // An empty text or object passes for "no flights", and is stored as it was sent.
    flights: priced.length === 0 ? booking.flights : priced.map(({ flight }) => flight),
    passengers: booking.passengers,
    payment_history: booking.payment_methods,
    created_at: '2024-05-15T15:00:00',
    total_baggages: booking.total_baggages,
    nonfree_baggages: booking.nonfree_baggages,
    insurance: booking.insurance,
  })
