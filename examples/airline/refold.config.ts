// Of the airline's runs, for `refold`: REFOLD_TAU names the folder of the data, REFOLD_TAU_RUNS that of the log.
import { defineConfig, defineEval, recordedModel } from 'refold'
import { loadAirline } from './dataset.ts'
import { loadRecordedRuns } from './recorded-runs.ts'
import { byConversation, recordingsOf } from './recordings.ts'
import { rewardScorer } from './reward-scorer.ts'
import { airlineVersions } from './versions.ts'

const folder = process.env['REFOLD_TAU'] ?? 'tau-airline'
const [airline, recorded] = await Promise.all([loadAirline(folder), loadRecordedRuns(folder)])
const versions = airlineVersions(airline, ['recorded/gpt-4o'])
const [first] = versions
if (first === undefined) throw new Error('expected a version of the agent, found none')

export default defineConfig({
  dir: process.env['REFOLD_TAU_RUNS'] ?? 'tau-runs',
  agents: versions.map(({ agent }) => agent),
  models: { recorded: recordedModel({ api: 'openai-chat', recordings: recorded.flatMap(recordingsOf), match: byConversation }) },
  // Its tools are pure functions of a data base that each run has for itself: whatever they change, they change in their run alone.
  evals: [
    defineEval({ name: 'reward', scorers: [rewardScorer(recorded, { database: first.database, fresh: airline.data })], effects: 'real' }),
  ],
})
