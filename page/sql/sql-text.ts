/** What stands in a text or behind a comment sign is no parameter. */
const NO_CODE = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\//g

const MOST = 100

/** How many values a statement takes: the highest of its `$1`, `$2` …, 100 at most. */
export const parameterCount = (sql: string): number => {
  const numbers = [...sql.replace(NO_CODE, ' ').matchAll(/\$(\d{1,3})/g)].map(([, digits]) => Number(digits))
  return Math.min(MOST, Math.max(0, ...numbers))
}

/** Whether a column holds ids of runs, from its name. */
export const isRunIdColumn = (name: string): boolean => /(^|_)run_?id$/i.test(name)

const FIRST_MS = Date.UTC(2000, 0)
const LAST_MS = Date.UTC(2200, 0)

/** The moment that a value of a column means, in ms since the epoch; undefined where it means none. */
export const momentOf = (name: string, value: unknown): number | undefined => {
  if (typeof value === 'number')
    return /(_at|_since|_until|^at|^since)$/.test(name) && value > FIRST_MS && value < LAST_MS ? value : undefined
  if (typeof value !== 'string' || !/^\d{4}-\d\d(-\d\d([T ]\d\d:\d\d(:\d\d)?)?)?/.test(value)) return undefined
  const at = Date.parse(/[T ]/.test(value) && !/(Z|[+-]\d\d:?\d\d)$/.test(value) ? `${value.replace(' ', 'T')}Z` : value)
  return Number.isNaN(at) ? undefined : at
}
