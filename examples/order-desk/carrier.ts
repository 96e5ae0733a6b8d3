import { ToolFailure } from 'refold'

/** Who brings the parcels. */
export interface Carrier {
  placeOf(order: string): string
}

/** Its first answer is none. */
export const unsteadyCarrier = (): Carrier => {
  let calls = 0
  return {
    placeOf() {
      calls += 1
      if (calls === 1) throw new ToolFailure('the carrier answered 503', { retryable: true })
      return 'the depot in Lyon'
    },
  }
}
