/** One partition that a consumer has. */
export interface Standing {
  readonly place: string
  /** The next offset that it will be given. */
  readonly at: number
  /** Behind the newest message. */
  readonly end: number
  readonly isBusy: boolean
}

export interface StallWatch {
  /** Whether a partition that has more to give has not moved between this look and the last, with nobody at work on it. */
  look(partitions: readonly Standing[]): boolean
}

/** Tells a consumer that waits for work from one that has silently stopped. */
export const stallWatch = (): StallWatch => {
  let waiting = new Map<string, number>()
  return {
    look(partitions) {
      const before = waiting
      waiting = new Map(partitions.filter(({ at, end, isBusy }) => !isBusy && at < end).map(({ place, at }) => [place, at]))
      return [...waiting].some(([place, at]) => before.get(place) === at)
    },
  }
}
