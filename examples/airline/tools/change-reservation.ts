import type { AirlineData, ToolOutcome } from '../airline-data.ts'
import { jsonText } from '../json-text.ts'
import { asObject, elements, extended, item, lengthOf, negative, withItem } from '../python-operations.ts'
import { Refusal } from '../refusal.ts'
import { objectOf, withItems, type ObjectValue } from '../value.ts'
import { found } from './look-up.ts'
import { toolReducer } from './tool-reducer.ts'

/** Stores the changed reservation and answers with it. */
export const stored = (data: AirlineData, reservation: ObjectValue): ToolOutcome => ({
  data: { ...data, reservations: withItem(data.reservations, item(reservation, 'reservation_id'), reservation) },
  text: jsonText(reservation),
})

/** Negates the whole history, also that of a reservation that is cancelled already; no balance and no seat comes back. */
export const cancelReservation = toolReducer('cancel_reservation', ['reservation_id'], (data, args) => {
  const reservation = found(data.reservations, args.reservation_id, 'reservation')
  const history = item(reservation, 'payment_history')
  const refunds = elements(history)
    .map(asObject)
    .map((payment) => objectOf({ payment_id: item(payment, 'payment_id'), amount: negative(item(payment, 'amount')) }))
  return stored(data, withItems(reservation, { payment_history: extended(history, refunds), status: 'cancelled' }))
})

export const updateReservationPassengers = toolReducer('update_reservation_passengers', ['reservation_id', 'passengers'], (data, args) => {
  const reservation = found(data.reservations, args.reservation_id, 'reservation')
  if (lengthOf(args.passengers) !== lengthOf(item(reservation, 'passengers'))) throw new Refusal('number of passengers does not match')
  return stored(data, withItem(reservation, 'passengers', args.passengers))
})
