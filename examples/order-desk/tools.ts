import { defineTool, ToolFailure, type Tool } from 'refold'
import { z } from 'zod'
import type { Shop } from './shop.ts'

const orderId = z.object({ id: z.string().describe('the number of the order') })

export interface DeskTools {
  readonly shop: Shop
  /** Called when the money has moved and nobody has been told yet: the worst moment to end. */
  readonly afterCharge: () => void
}

/** What the order desk may do: read, refund (with a person's consent above 100 $), charge (once). */
export const deskTools = (desk: DeskTools): readonly Tool[] => {
  const { shop } = desk
  let carrierCalls = 0
  return [
    defineTool({
      name: 'lookup_order',
      description: 'Finds an order by its number',
      input: orderId,
      output: z.object({ item: z.string(), priceUsd: z.number(), status: z.string() }),
      effect: 'read',
      execute: async ({ id }) => {
        const order = shop.order(id)
        if (order === undefined) throw new ToolFailure(`there is no order ${id}`)
        return { item: order.item, priceUsd: order.priceUsd, status: order.status }
      },
    }),
    defineTool({
      name: 'track_parcel',
      description: 'Asks the carrier where the parcel of an order is',
      input: orderId,
      output: z.object({ place: z.string() }),
      effect: 'read',
      retry: { attempts: 3, baseDelayMs: 40, maxDelayMs: 200 },
      execute: async () => {
        carrierCalls += 1
        if (carrierCalls === 1) throw new ToolFailure('the carrier answered 503', { retryable: true })
        return { place: 'the depot in Lyon' }
      },
    }),
    defineTool({
      name: 'refund_order',
      description: 'Pays an order back',
      input: orderId,
      output: z.object({ refundedUsd: z.number() }),
      effect: 'idempotent',
      approval: ({ id }) => (shop.order(id)?.priceUsd ?? 0) > 100,
      execute: async ({ id }, { idempotencyKey }) => {
        const amountUsd = shop.order(id)?.priceUsd ?? 0
        if (!shop.bookings().some(({ key }) => key === idempotencyKey))
          shop.book({ kind: 'refund', key: idempotencyKey, order: id, amountUsd })
        return { refundedUsd: amountUsd }
      },
    }),
    chargeCard(desk),
  ]
}

/** Money moves once: nobody may guess whether it did. */
const chargeCard = ({ shop, afterCharge }: DeskTools): Tool =>
  defineTool({
    name: 'charge_card',
    description: 'Charges the card on file for an unpaid order',
    input: orderId,
    output: z.object({ chargedUsd: z.number() }),
    effect: 'once',
    execute: async ({ id }, { idempotencyKey }) => {
      const amountUsd = shop.order(id)?.priceUsd ?? 0
      shop.book({ kind: 'charge', key: idempotencyKey, order: id, amountUsd })
      afterCharge()
      return { chargedUsd: amountUsd }
    },
    lookup: async (idempotencyKey) => {
      const booking = shop.bookings().find(({ key }) => key === idempotencyKey)
      return booking === undefined ? { found: 'nothing' } : { found: 'succeeded', output: { chargedUsd: booking.amountUsd } }
    },
  })
