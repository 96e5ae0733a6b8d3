import type { Query } from '../address/address.ts'

/** Which time is looked at; ms since the epoch. */
export interface Range {
  readonly since: number | undefined
  readonly until: number | undefined
}

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }
const MINUTE_MS = 60_000

/** `since=7d`, or `since=1700000000000&until=…`; by whole minutes, so that what was asked for is asked for once. */
export const rangeOf = ({ since, until }: Query, now: number): Range => ({ since: momentOf(since, now), until: momentOf(until, now) })

const momentOf = (text: string | undefined, now: number): number | undefined => {
  if (text === undefined) return undefined
  if (/^\d{1,15}$/.test(text)) return Number(text)
  const [, amount, unit = ''] = /^(\d{1,4})([mhd])$/.exec(text) ?? []
  const ms = UNIT_MS[unit]
  return amount === undefined || ms === undefined ? undefined : Math.floor(now / MINUTE_MS) * MINUTE_MS - Number(amount) * ms
}

export const rangeTexts: Readonly<Record<string, string>> = {
  '1h': 'the last hour',
  '24h': 'the last 24 hours',
  '7d': 'the last 7 days',
  '30d': 'the last 30 days',
  '90d': 'the last 90 days',
}
