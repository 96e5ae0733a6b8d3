/** Something that is not as it should be, and what to do about it. */
export interface Finding {
  /** `warning`: nothing is lost and nothing stands still, but it should be known. */
  readonly severity: 'problem' | 'warning'
  readonly check:
    | 'node'
    | 'disk'
    | 'permissions'
    | 'configuration'
    | 'rights'
    | 'views'
    | 'relay'
    | 'datasets'
    | 'traces'
    | 'log'
    | 'clock'
    | 'order'
    | 'hash'
    | 'head'
    | 'event'
    | 'shape'
    | 'blob'
    | 'agent'
    | 'stuck'
    | 'unresolved'
    | 'restored'
  readonly message: string
  readonly remedy: string
  /** Where it was found, the first ones: `<run>@<revision>` or `<run>`. */
  readonly places: readonly string[]
  /** How often it was found. */
  readonly count: number
}

const PLACES_NAMED = 5

/** One finding for all that is alike, so that a thousand runs of a lost agent are one line. */
export interface Findings {
  add(found: Omit<Finding, 'places' | 'count'>, place?: string): void
  /** Problems first, each kind in the order in which it was found first. */
  all(): Finding[]
}

export const newFindings = (): Findings => {
  const byMessage = new Map<string, Finding>()
  return {
    add(found, place) {
      const key = `${found.check} ${found.message}`
      const { places, count } = byMessage.get(key) ?? { places: [], count: 0 }
      byMessage.set(key, {
        ...found,
        places: place === undefined || places.length >= PLACES_NAMED ? places : [...places, place],
        count: count + 1,
      })
    },
    all: () => [...byMessage.values()].sort((a, b) => a.severity.localeCompare(b.severity)),
  }
}
