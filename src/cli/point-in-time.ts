import { InvalidArgumentError } from 'commander'

/** A time that is told from now on or by itself, as ms since the epoch. */
export type PointInTime = (now: number) => number

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `30s`, `15m`, `2h`, `7d`: so long ago. `2026-11-01`: that day in UTC. `2026-11-01T10:00Z`: then. */
export const pointInTime = (text: string): PointInTime => {
  const ms = lengthOf(text)
  if (ms !== undefined) return (now) => now - ms
  const at = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : NaN
  if (!Number.isNaN(at)) return () => at
  throw new InvalidArgumentError('Expected 30s, 15m, 2h or 7d (so long ago), or a day or time like 2026-11-01 or 2026-11-01T10:00Z')
}

/** In ms: `30s`, `15m`, `2h`, `7d`. */
export const timeSpan = (text: string): number => {
  const ms = lengthOf(text)
  if (ms !== undefined) return ms
  throw new InvalidArgumentError('Expected 30s, 15m, 2h or 7d')
}

const lengthOf = (text: string): number | undefined => {
  const [, amount, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const ms = UNIT_MS[unit]
  return amount === undefined || ms === undefined ? undefined : Number(amount) * ms
}
