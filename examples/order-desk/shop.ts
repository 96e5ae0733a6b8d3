import { appendFileSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Order {
  readonly id: string
  readonly item: string
  readonly priceUsd: number
  readonly status: 'shipped' | 'paid' | 'unpaid'
}

const orders: readonly Order[] = [
  { id: '17', item: 'a blue kettle', priceUsd: 39, status: 'shipped' },
  { id: '18', item: 'an espresso machine', priceUsd: 240, status: 'shipped' },
  { id: '21', item: 'a bread knife', priceUsd: 25, status: 'unpaid' },
]

export interface Booking {
  readonly kind: 'refund' | 'charge'
  readonly key: string
  readonly order: string
  readonly amountUsd: number
}

/** The world outside of Refold: what is booked here has happened, whoever may have crashed since. */
export interface Shop {
  order(id: string): Order | undefined
  /** Books at once and for good: a repeated key is the shop's, not Refold's, to notice. */
  book(booking: Booking): void
  bookings(): readonly Booking[]
}

export const fileShop = (dir: string): Shop => {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const file = join(dir, 'bookings.jsonl')
  return {
    order: (id) => orders.find((order) => order.id === id),
    book: (booking) => {
      const handle = openSync(file, 'a', 0o600)
      appendFileSync(handle, `${JSON.stringify(booking)}\n`)
      fsyncSync(handle)
    },
    bookings: () =>
      existsSync(file)
        ? readFileSync(file, 'utf8')
            .trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line) as Booking)
        : [],
  }
}

/** Kills its process when the money has moved and nobody has been told yet: the worst moment to end. */
export const shopThatKills = (shop: Shop): Shop => ({
  ...shop,
  book(booking) {
    shop.book(booking)
    process.kill(process.pid, 'SIGKILL')
  },
})
