import { courseDifference, courseOf } from '../../evals/whatif/course.ts'
import type { RecordedRunEvent, RunEvent } from '../../events/envelope.ts'
import type { Run } from '../../runtime/run-handle.ts'
import { SEAL_REACHED } from '../../runtime/seal/sealed.ts'
import type { Found } from '../../evals/whatif/report.ts'
import { nothingFound } from './nothing-found.ts'
import { answeredFork, eventsOf, type ForkWanted, type Forked } from './forked.ts'
import type { Question } from './question.ts'

/** Where a free run begins: with the first message, or right before the first decision that differs. */
export type FreeFrom = 'start' | 'difference'

/** Lets a recorded run go freely on a sealed fork of the version, and compares what it came to. */
export const runFreely = async (question: Question, runId: string, from: FreeFrom): Promise<Found> => {
  const recorded = await eventsOf(question.refold, runId)
  const wanted = from === 'start' ? fromStart(recorded) : await fromDifference(question, runId)
  const cost = costOf(recorded)
  if (wanted === undefined) return { ...nothingFound, compared: 1, cost: { of: 1, recorded: cost, now: cost } }
  const share = await question.purse.hold()
  if (share === undefined) return { ...nothingFound, unfinished: [{ runId, why: 'the limit of money' }] }
  const costUsd = Math.max(1, share.most) / 1_000_000
  const [asked, options] = wanted
  const forked = await answeredFork(question, {
    origin: runId,
    asked: ['run', from, ...asked],
    options: { ...options, agentVersion: question.agent.version, samples: true, modelCalls: MOST_CALLS, costUsd },
    say: sayNext(recorded),
  }).finally(share.end)
  return compared(runId, recorded, forked, cost)
}

/** What the limits of the agent and the money leave, comes first. */
const MOST_CALLS = 10_000

type Wanted = readonly [asked: ForkWanted['asked'], options: Pick<ForkWanted['options'], 'at' | 'anew' | 'model'>]

const fromStart = ([, second]: readonly RunEvent[]): Wanted => [[], { at: second?.type === 'MessageReceived' ? 1 : 0, anew: true }]

/** Undefined where every decision is the same: nothing has to be run. */
const fromDifference = async ({ refold, agent }: Question, runId: string): Promise<Wanted | undefined> => {
  const { decision } = await refold.run(runId).decideAgain(agent.version)
  if (decision === null) return undefined
  if (decision.revision === 0) return [[], { at: 0, anew: true }]
  const [model] = agent.settings.models
  return [[decision.revision], { at: decision.revision - 1, ...(model !== undefined && { model }) }]
}

/** What users have said in the origin, each once the fork waits for it. */
const sayNext = (recorded: readonly RunEvent[]): NonNullable<ForkWanted['say']> => {
  const said = recorded.filter((event) => event.type === 'MessageReceived')
  return async (run: Run, events: readonly RunEvent[]) => {
    const heard = events.filter(({ type }) => type === 'MessageReceived').length
    const next = said[heard]
    if (next === undefined) return false
    const { parts, data } = next.data
    await run.send({ message: parts, commandId: `${run.id} ${heard}`, ...(data !== undefined && { data }) })
    return true
  }
}

const costOf = (events: readonly RunEvent[]): number =>
  events.reduce((sum, { data }) => sum + ('costMicroUsd' in data ? (data.costMicroUsd ?? 0) : 0), 0)

const compared = (runId: string, recorded: readonly RecordedRunEvent[], { fork, events }: Forked, recordedCost: number): Found => {
  const stop = events.find(
    (event) => event.type === 'ModelCallFailed' && event.data.class === 'limit' && event.data.message.startsWith(SEAL_REACHED),
  )
  if (stop?.type === 'ModelCallFailed') return { ...nothingFound, unfinished: [{ runId, fork, why: stop.data.message }] }
  const found = courseDifference(courseOf(recorded), courseOf(events))
  const revision = found?.at.recorded ?? recorded.at(-1)?.revision ?? 0
  const differences = found === undefined ? [] : [{ runId, revision, recorded: found.recorded, now: found.now, detail: found.detail, fork }]
  const isWhole = placeOf(recorded) === placeOf(events)
  return { ...nothingFound, compared: 1, differences, ...(isWhole && { cost: { of: 1, recorded: recordedCost, now: costOf(events) } }) }
}

/** Where it stands in the end, whatever has ended it from outside: who waits for a person where the other did not has not spent all that it would. */
const placeOf = (events: readonly RecordedRunEvent[]): string | undefined =>
  events.findLast(({ type }) => type !== 'RunCancelled')?.meta.to.split('; ')[0]
