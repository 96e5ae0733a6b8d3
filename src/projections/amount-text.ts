const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const MICRO_USD_PER_USD = 1_000_000

/** `$0.0012` */
export const money = (costMicroUsd: number): string => `$${(costMicroUsd / MICRO_USD_PER_USD).toFixed(4)}`

/** `12,345`, on every machine alike. */
export const count = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ',')

/** `1 event`, `12,345 events` */
export const counted = (value: number, what: string): string => `${count(value)} ${what}${value === 1 ? '' : 's'}`

/** `850 ms`, `2.5 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h` */
export const duration = (ms: number): string => {
  if (ms < 0) return `-${duration(-ms)}`
  if (ms < SECOND) return `${Math.round(ms)} ms`
  if (ms < MINUTE) return `${(ms / SECOND).toFixed(1)} s`
  if (ms < HOUR) return inUnits(ms, { name: 'min', ms: MINUTE }, { name: 's', ms: SECOND })
  if (ms < DAY) return inUnits(ms, { name: 'h', ms: HOUR }, { name: 'min', ms: MINUTE })
  return inUnits(ms, { name: 'd', ms: DAY }, { name: 'h', ms: HOUR })
}

/** `in 2.5 s`; `now` for what is due, since the time that a clock has set may lie behind what another has recorded. */
export const fromNow = (ms: number): string => (ms <= 0 ? 'now' : `in ${duration(ms)}`)

interface Unit {
  readonly name: string
  readonly ms: number
}

const inUnits = (ms: number, large: Unit, small: Unit): string => {
  const rounded = Math.round(ms / small.ms) * small.ms
  const rest = (rounded % large.ms) / small.ms
  return `${Math.floor(rounded / large.ms)} ${large.name}${rest === 0 ? '' : ` ${rest} ${small.name}`}`
}
