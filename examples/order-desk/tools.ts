import { defineTool, dependency, ToolFailure, type Tool } from 'refold'
import { z } from 'zod'
import type { Carrier } from './carrier.ts'
import type { Shop } from './shop.ts'

const orderId = z.object({ id: z.string().describe('the number of the order') })
const needsShop = { shop: dependency<Shop>() }

const lookupOrder = defineTool({
  name: 'lookup_order',
  description: 'Finds an order by its number',
  input: orderId,
  output: z.object({ item: z.string(), priceUsd: z.number(), status: z.string() }),
  effect: 'read',
  dependencies: needsShop,
  execute: async ({ id }, { dependencies: { shop } }) => {
    const order = shop.order(id)
    if (order === undefined) throw new ToolFailure(`there is no order ${id}`)
    return { item: order.item, priceUsd: order.priceUsd, status: order.status }
  },
})

const trackParcel = defineTool({
  name: 'track_parcel',
  description: 'Asks the carrier where the parcel of an order is',
  input: orderId,
  output: z.object({ place: z.string() }),
  effect: 'read',
  retry: { attempts: 3, baseDelayMs: 40, maxDelayMs: 200 },
  dependencies: { carrier: dependency<Carrier>() },
  execute: async ({ id }, { dependencies: { carrier } }) => ({ place: carrier.placeOf(id) }),
})

const refundOrder = defineTool({
  name: 'refund_order',
  description: 'Pays an order back',
  input: orderId,
  output: z.object({ refundedUsd: z.number() }),
  effect: 'idempotent',
  dependencies: needsShop,
  approval: ({ id }, { dependencies: { shop } }) => (shop.order(id)?.priceUsd ?? 0) > 100,
  execute: async ({ id }, { idempotencyKey, dependencies: { shop } }) => {
    const amountUsd = shop.order(id)?.priceUsd ?? 0
    if (!shop.bookings().some(({ key }) => key === idempotencyKey)) shop.book({ kind: 'refund', key: idempotencyKey, order: id, amountUsd })
    return { refundedUsd: amountUsd }
  },
})

/** Money moves once: nobody may guess whether it did. */
const chargeCard = defineTool({
  name: 'charge_card',
  description: 'Charges the card on file for an unpaid order',
  input: orderId,
  output: z.object({ chargedUsd: z.number() }),
  effect: 'once',
  dependencies: needsShop,
  execute: async ({ id }, { idempotencyKey, dependencies: { shop } }) => {
    const amountUsd = shop.order(id)?.priceUsd ?? 0
    shop.book({ kind: 'charge', key: idempotencyKey, order: id, amountUsd })
    return { chargedUsd: amountUsd }
  },
  lookup: async (idempotencyKey, { dependencies: { shop } }) => {
    const booking = shop.bookings().find(({ key }) => key === idempotencyKey)
    return booking === undefined ? { found: 'nothing' } : { found: 'succeeded', output: { chargedUsd: booking.amountUsd } }
  },
})

/** What the order desk may do: read, refund (with a person's consent above 100 $), charge (once). */
export const deskTools: readonly Tool[] = [lookupOrder, trackParcel, refundOrder, chargeCard]
