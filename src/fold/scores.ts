import type { RunEvent } from '../events/envelope.ts'
import type { DataOf, RunFact } from '../events/run-events.ts'
import { canonicalJson } from '../json.ts'
import { commandIdsAfter } from './record-event.ts'
import { present } from '../present.ts'
import type { RunScore, RunState, Scores } from './run-state.ts'

// What somebody makes of a run. No chart, no prompt, no projection and no limit knows of it: a run goes on as it would without.

/** In one run, with those that newer ones have taken the place of. */
export const MOST_SCORES = 500

type Scored = Extract<RunEvent, { type: 'RunScored' }>

/** The run with this score, and otherwise as it was. */
export const scored = (before: RunState, event: Scored): RunState => ({
  ...before,
  revision: event.revision,
  hash: event.meta.hash,
  lastEventId: event.id,
  commandIds: commandIdsAfter(before.commandIds, event),
  ...(isScoreOf(before.fork?.of, event) ? { scores: scoresAfter(before.scores, event) } : {}),
})

/** What was made of its origin says nothing of a fork. */
export const isScoreOf = (forkOf: DataOf<'RunStarted'>['forkOf'], event: RunEvent): event is Scored =>
  event.type === 'RunScored' && !(forkOf !== undefined && event.revision <= forkOf.revision)

export const newestScores = (scores: Scores | undefined): readonly RunScore[] => scores?.newest ?? []

/** Those of a run after one more. */
export const scoresAfter = (before: Scores | undefined, { data, meta }: Scored): Scores => ({
  recorded: (before?.recorded ?? 0) + 1,
  newest: [...newestScores(before).filter((score) => !isSameQuestion(score, data)), { ...data, at: meta.at }],
})

/** By whom, of what, and by what it is called. */
const isSameQuestion = (one: DataOf<'RunScored'>, other: DataOf<'RunScored'>): boolean =>
  one.name === other.name && one.by === other.by && one.revision === other.revision

/** The fact, why there can be none, or undefined where the same was said before. */
export const newScore = (
  { runId, scores, revision }: RunState,
  { name, value, passed, note, revision: about, by }: DataOf<'RunScored'>,
): RunFact | string | undefined => {
  const score = { name, value, ...present({ passed, note, revision: about }), by }
  const before = newestScores(scores).find((known) => isSameQuestion(known, score))
  if (before !== undefined && isSame(before, score)) return undefined
  if (about !== undefined && about > revision) return `${runId} has no revision ${about} that could be scored: its newest is ${revision}`
  if ((scores?.recorded ?? 0) >= MOST_SCORES) return `${runId} has ${MOST_SCORES} scores, and takes no more`
  return { type: 'RunScored', data: score }
}

const isSame = ({ at: _, ...before }: RunScore, score: DataOf<'RunScored'>): boolean => canonicalJson(before) === canonicalJson(score)
