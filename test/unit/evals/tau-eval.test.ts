import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { recordedModel } from 'refold'
import { loadAirline } from '../../../examples/airline/dataset.ts'
import { loadRecordedRuns } from '../../../examples/airline/recorded-runs.ts'
import { byConversation, recordingsOf } from '../../../examples/airline/recordings.ts'
import { converse } from '../../../examples/airline/replay-run.ts'
import { rewardScorer } from '../../../examples/airline/reward-scorer.ts'
import { airlineVersions } from '../../../examples/airline/versions.ts'
import { casesIn } from '../../../src/evals/dataset-case.ts'
import { datasetBuilder, datasetVersion } from '../../../src/evals/dataset.ts'
import { defineEval } from '../../../src/evals/define-eval.ts'
import { parseGate } from '../../../src/evals/report/gate.ts'
import { evalReport, type EvalReport } from '../../../src/evals/report/report.ts'
import type { EvalPlan } from '../../../src/evals/runner/eval-plan.ts'
import { runEval } from '../../../src/evals/runner/run-eval.ts'
import type { Agent } from '../../../src/runtime/agent.ts'
import { eventsOf, openWorld, type World } from '../../support/world.ts'
import { evalPartsOf } from '../../support/eval-parts.ts'

const projectRoot = resolve(import.meta.dirname, '../../..')
const folder = resolve(projectRoot, process.env['REFOLD_DATA'] ?? '../shared/data', 'tau-airline')

const MINUTES = 5 * 60_000

describe('the recorded conversations of the airline, as an eval with the model recorded', () => {
  test(
    'have the rewards of the benchmark; tools that return wrong seats are found out, and a harmless change is not',
    async (context) => {
      if (!existsSync(folder)) context.skip(`there is no airline data at ${folder}; REFOLD_DATA names the folder that holds tau-airline`)
      const [airline, recorded] = await Promise.all([loadAirline(folder), loadRecordedRuns(folder)])
      const versions = airlineVersions(airline, ['recorded/gpt-4o'])
      const [first] = versions
      if (first === undefined) throw new Error('expected versions of the agent')
      const model = recordedModel({ api: 'openai-chat', recordings: recorded.flatMap(recordingsOf), match: byConversation })
      const world = openWorld({ agents: versions.map(({ agent }) => agent), models: { recorded: model } })
      const dataset = datasetBuilder({ redact: [], trainShare: undefined, mostCases: Infinity })
      for (const run of recorded) {
        const runId = `task-${run.taskId}-trial-${run.trial}`
        const tags = { task: String(run.taskId), trial: String(run.trial) }
        await converse(await world.refold.start(first.agent, { runId, tags }), run)
        for (const found of casesIn(await eventsOf(world, runId), 'run')) dataset.add(found)
      }
      const cases = dataset.cases()
      expect([cases.length, dataset.duplicates(), new Set(cases.map(({ task }) => task)).size]).toEqual([100, 0, 50])

      const reward = rewardScorer(recorded, { database: first.database, fresh: airline.data })
      const definition = defineEval({ name: 'reward', scorers: [reward], effects: 'real' })
      const plan = {
        definition,
        dataset: { name: 'tau', version: datasetVersion(cases) },
        cases,
        epochs: 1,
        model: 'recorded',
        concurrency: 4,
      }
      const [one, harmless, worse] = versions.map(({ agent }) => agent) as [Agent, Agent, Agent]
      const baseline = await attemptsOf(world, { ...plan, id: 'v1', agents: { candidate: one } })
      const report = async (agent: Agent): Promise<EvalReport> =>
        evalReport({
          candidate: {
            agent: agent.id,
            attempts: await attemptsOf(world, { ...plan, id: `v${agent.version}`, agents: { candidate: agent } }),
          },
          baseline: { agent: one.id, attempts: baseline },
          scorers: ['reward'],
          gates: [parseGate('not worse than baseline', ['reward'])],
        })

      const same = await report(harmless)
      expect(same.accuracy.passed).toMatchObject({ value: 0.43, method: 'bootstrap over tasks' })
      expect(same.accuracy.passed.low).toBeGreaterThan(0.25)
      expect(same.accuracy.passed.high).toBeLessThan(0.6)
      expect(same.accuracy.passHatK.map(({ value }) => value)).toEqual([0.43, 0.24])
      expect(same).toMatchObject({ passed: true, accuracy: { comparison: { verdict: 'no difference shown', better: 0, worse: 0 } } })
      const lost = await report(worse)
      expect(lost).toMatchObject({ passed: false, accuracy: { comparison: { verdict: 'worse', better: 0, pairs: 100 } } })
      expect(lost.accuracy.comparison?.p).toBeLessThan(0.001)
    },
    MINUTES,
  )
})

const attemptsOf = async (world: World, plan: EvalPlan) => (await runEval(evalPartsOf(world), plan)).results
