import type { AirlineData } from '../airline-data.ts'
import { difference, extended, has, isEqual, isLess, item, objectItem, withItem } from '../python-operations.ts'
import { Refusal } from '../refusal.ts'
import { objectOf, type Numeric, type ObjectValue, type Value } from '../value.ts'

/**
 * Takes the price of a change from one payment method of the reservation's user; a negative price is a refund.
 * The method is checked even where the price is 0, which then leaves no entry in the history.
 */
export const payForChange = (
  data: AirlineData,
  reservation: ObjectValue,
  paymentId: Value,
  price: Numeric,
): { readonly data: AirlineData; readonly reservation: ObjectValue } => {
  const userId = item(reservation, 'user_id')
  const user = item(data.users, userId)
  const methods = objectItem(user, 'payment_methods')
  if (!has(methods, paymentId)) throw new Refusal('payment method not found')
  const method = objectItem(methods, paymentId)
  const source = item(method, 'source')
  if (source === 'certificate') throw new Refusal('certificate cannot be used to update reservation')
  if (source === 'gift_card' && isLess(item(method, 'amount'), price)) throw new Refusal('gift card balance is not enough')
  if (isEqual(price, 0n)) return { data, reservation }

  const payment = objectOf({ payment_id: paymentId, amount: price })
  const paid = withItem(reservation, 'payment_history', extended(item(reservation, 'payment_history'), [payment]))
  if (source !== 'gift_card') return { data, reservation: paid }
  const charged = withItem(method, 'amount', difference(item(method, 'amount'), price))
  const owner = withItem(user, 'payment_methods', withItem(methods, paymentId, charged))
  return { data: { ...data, users: withItem(data.users, userId, owner) }, reservation: paid }
}
