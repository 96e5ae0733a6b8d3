import { scriptedModel } from 'refold'
import type { Scenario } from 'refold/testing'
import { deskAgent, deskDependencies } from './desk.ts'
import { deskScript } from './script.ts'
import type { Booking, Shop } from './shop.ts'

/** A customer at the desk, with a shop of its own: to be explored. What is outside are the bookings. */
export const deskScenario = (message: string): Scenario => {
  const booked: Booking[] = []
  const shop: Shop = {
    order: (id) => ({ id, item: 'a kettle', priceUsd: id === '18' ? 240 : 25, status: 'unpaid' }),
    book: (booking) => void booked.push(booking),
    bookings: () => booked,
  }
  return {
    agents: [deskAgent()],
    models: { scripted: scriptedModel(deskScript) },
    dependencies: deskDependencies(shop),
    start: { message },
    people: (run, { approvals: [question] }) => (question === undefined ? undefined : run.approve(question.callId, { by: 'dana' })),
    outside: () => booked.map(({ kind, order, amountUsd }) => ({ kind, order, amountUsd })),
  }
}
