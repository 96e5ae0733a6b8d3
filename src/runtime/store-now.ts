import type { RuntimeParts } from './runtime-parts.ts'

/** Now by the clock of the store: what leases are counted in, since all processes have it in common. */
export const storeNow = ({ clock, storeOffsetMs }: Pick<RuntimeParts, 'clock' | 'storeOffsetMs'>): number =>
  clock.now() + (storeOffsetMs?.() ?? 0)
