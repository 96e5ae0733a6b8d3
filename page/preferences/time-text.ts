import { duration } from '../../src/projections/amount-text.ts'
import type { Preferences } from './preferences.ts'

const clock = (timeZone: string | undefined): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3, ...zone(timeZone) })

const day = (timeZone: string | undefined): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit', ...zone(timeZone) })

const zone = (timeZone: string | undefined) => (timeZone === undefined ? {} : { timeZone })

const formats = { local: { clock: clock(undefined), day: day(undefined) }, utc: { clock: clock('UTC'), day: day('UTC') } }

/** `now`, `3 min 20 s ago`, `in 2 h` */
const relativeText = (at: number, now: number): string => {
  const ms = at - now
  if (Math.abs(ms) < 1_000) return 'now'
  return ms < 0 ? `${coarse(-ms)} ago` : `in ${coarse(ms)}`
}

/** Nobody counts the seconds of what was hours ago. */
const coarse = (ms: number): string => {
  const unit = ms < 60_000 ? 1_000 : ms < 3_600_000 ? 60_000 : ms < 86_400_000 ? 3_600_000 : 86_400_000
  const name = { 1_000: 's', 60_000: 'min', 3_600_000: 'h', 86_400_000: 'd' }[unit] ?? ''
  return `${Math.floor(ms / unit)} ${name}`
}

export const clockText = (at: number, way: 'local' | 'utc'): string => formats[way].clock.format(at)

/** `2026-11-29 14:02:03.120 UTC`: a day, a time and where it holds. */
export const fullTimeText = (at: number, way: 'local' | 'utc'): string =>
  `${formats[way].day.format(at)} ${clockText(at, way)}${way === 'utc' ? ' UTC' : ''}`

/** As the reader wants it. */
export const timeText = (at: number, { times }: Pick<Preferences, 'times'>, { now, since }: { now: number; since?: number }): string => {
  if (times === 'relative') return relativeText(at, now)
  if (times === 'start') return since === undefined ? relativeText(at, now) : `+${duration(at - since)}`
  return fullTimeText(at, times)
}
