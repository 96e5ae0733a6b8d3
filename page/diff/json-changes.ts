/** What one JSON value has otherwise than another. */
export interface JsonChange {
  /** `input.items.2` */
  readonly path: string
  /** Absent where there is none. */
  readonly a?: unknown
  readonly b?: unknown
}

const MOST = 200

type Members = Readonly<Record<string, unknown>>

const isBranch = (value: unknown): value is Members => typeof value === 'object' && value !== null

/** In order of their places, {@link MOST} at most. Lists are compared item by item. */
export const jsonChanges = (a: unknown, b: unknown): readonly JsonChange[] => {
  const changes: JsonChange[] = []
  compare(changes, [], a, b)
  return changes
}

const compare = (changes: JsonChange[], path: readonly string[], a: unknown, b: unknown): void => {
  if (changes.length >= MOST || Object.is(a, b)) return
  if (!isBranch(a) || !isBranch(b) || Array.isArray(a) !== Array.isArray(b)) {
    changes.push({ path: path.join('.'), a, b })
    return
  }
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const at = [...path, key]
    if (!Object.hasOwn(b, key)) changes.push({ path: at.join('.'), a: a[key] })
    else if (!Object.hasOwn(a, key)) changes.push({ path: at.join('.'), b: b[key] })
    else compare(changes, at, a[key], b[key])
  }
}
