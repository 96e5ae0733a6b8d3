import { ownScorer, type Projection, type Scorer } from 'refold'
import { dataOf, type Database } from './agent.ts'
import type { AirlineData } from './airline-data.ts'
import { endOf, type RecordedRun } from './recorded-runs.ts'
import { answersIn } from './replay-run.ts'
import { rewardOf } from './reward.ts'

/** The benchmark's reward, of a run of one of its tasks: the right data in the end, and the right things said. */
export const rewardScorer = (
  recorded: readonly RecordedRun[],
  { database, fresh }: { readonly database: Projection<Database>; readonly fresh: AirlineData },
): Scorer => {
  const byTrial = new Map(recorded.map((run) => [trialOf(run.taskId, run.trial), run]))
  return ownScorer('reward', ({ case: { labels }, events }) => {
    const run = byTrial.get(trialOf(labels['task'] ?? '', labels['trial'] ?? ''))
    if (run === undefined) throw new Error(`expected a recorded task ${labels['task']} of trial ${labels['trial']}, found none`)
    const data = dataOf(
      fresh,
      events.reduce((state, event) => database.apply(state, event), database.initial()),
    )
    const { reward, dataMatches, outputs } = rewardOf({ task: run.task, data, answers: answersIn(events), end: endOf(run.messages) }, fresh)
    const unsaid = Object.entries(outputs).flatMap(([output, isSaid]) => (isSaid ? [] : [output]))
    const note =
      reward === 1
        ? 'right data, right answers'
        : dataMatches
          ? `not said, or not ended: ${unsaid.join(', ') || 'step limit'}`
          : 'other data than the task demands'
    return { value: reward, passed: reward === 1, note }
  })
}

const trialOf = (task: string | number, trial: string | number): string => `${task}/${trial}`
