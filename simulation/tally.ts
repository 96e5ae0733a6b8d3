/** What is done to a cluster, by name; counted where it is done. A new misfortune gets its name here. */
const deeds = [
  'crashes',
  'restores',
  'closings',
  'clockSteps',
  'refusedAppends',
  'lostAppends',
  'lateAppends',
  'lostAcknowledgements',
  'lateAcknowledgements',
  'failedReads',
  'brokenReads',
  'toolTroubles',
  'throwsAfterTheDeed',
  'misshapenAnswers',
  'lateAnswers',
  'corrections',
  'modelTroubles',
  'interferences',
  'cancelledParents',
  'changedCode',
  'oldCode',
  'brokenProjections',
  'brokenCharts',
  'noticedChanges',
  'failuresOfCode',
  'reopenings',
  'moves',
  'refusedMoves',
  'repeatedActs',
  'changedArguments',
  'scores',
  'takenOver',
  'takenOverAtWork',
  'releases',
] as const

export type Deed = (typeof deeds)[number]

/** How often each was done; zeros too. */
export type Counts = Readonly<Record<Deed, number>>

export interface Tally {
  count(deed: Deed): void
  counts(): Counts
}

export const newTally = (): Tally => {
  const counts: Record<Deed, number> = none()
  return {
    count(deed) {
      counts[deed] += 1
    },
    counts: () => ({ ...counts }),
  }
}

export const sumOf = (all: readonly Counts[]): Counts => {
  const sum = none()
  for (const counts of all) for (const deed of deeds) sum[deed] += counts[deed]
  return sum
}

const none = (): Record<Deed, number> => Object.fromEntries(deeds.map((deed) => [deed, 0])) as Record<Deed, number>
