import { AppError } from '../../errors.ts'
import type { RecordedRunEvent } from '../../events/envelope.ts'
import { sha256 } from '../../hash.ts'
import { defineAgent, type Agent } from '../../runtime/agent.ts'
import { isJudge, type EvalDefinition, type Judge } from '../define-eval.ts'
import { judgedScore, judgeFingerprint, judgeInstructions, judgeQuestion, judgeVerdict } from '../scorers/judge.ts'
import type { Scorer } from '../scorers/scorer.ts'
import { BY, paidIn } from './case-result.ts'
import type { EvalPlan } from './eval-plan.ts'
import type { EvalParts } from './run-case.ts'

/** The agent that a judge is: its version is that of its words, so that runs of one version were asked the same. */
const judgeAgent = (judge: Judge): Agent =>
  defineAgent({
    name: agentName(judge),
    version: sha256(`${judgeFingerprint(judge)} ${judge.model}`).slice(0, 8),
    instructions: judgeInstructions(judge),
    models: [judge.model],
    output: judgeVerdict,
  })

export const judgeAgents = (definitions: readonly EvalDefinition[]): readonly Agent[] => {
  const agents = definitions.flatMap(({ scorers }) => scorers.filter(isJudge).map(judgeAgent))
  return [...new Map(agents.map((agent) => [agent.id, agent])).values()]
}

const agentName = ({ name }: Pick<Judge, 'name'>): string => `judge-${name}`

const judgeRunId = (of: string, { name }: Pick<Judge, 'name'>): string => `${of}.judge-${name}`

/** Asks it in a run of its own, whose id begins with what it judges: it is there when it is asked again. */
export const judgeOf = (parts: EvalParts, { id, dataset }: Pick<EvalPlan, 'id' | 'dataset'>, judge: Judge, of: string): Scorer => ({
  name: judge.name,
  async score(scoredRun) {
    const runId = judgeRunId(of, judge)
    const { message } = judgeQuestion(judge, scoredRun)
    const there = await parts.read(runId)
    if (there === undefined) {
      const tags = { judge: judge.name, judges: id, dataset: `${dataset.name}@${dataset.version}` }
      await parts.refold.start(agentName(judge), { runId, message, tags, actor: BY })
    } else {
      checkOurs(judge, runId, there)
      await parts.refold.runtime.wake(runId)
    }
    const run = parts.refold.run(runId)
    const view = await run.untilSettled({ signal: parts.signal })
    if (view.status === 'active') await run.complete({ by: BY })
    return judgedScore(judge, view.output ?? view.answer, scoredRun)
  },
})

/** Throws `InvalidInput` where somebody else has begun a run under its id: what that says is no verdict. */
const checkOurs = (judge: Judge, runId: string, [first]: readonly RecordedRunEvent[]): void => {
  const { id } = judgeAgent(judge)
  if (first?.type === 'RunStarted' && first.data.tenant === undefined && first.meta.agent === id) return
  throw new AppError('InvalidInput', `Expected ${runId} to be a run of ${id}, found another one. Begin the eval with another --id`)
}

/** What the judges among these scorers were paid for what they judge. */
export const paidToJudges = async (read: EvalParts['read'], of: string, scorers: readonly string[]): Promise<number> => {
  let paid = 0
  for (const name of scorers) paid += paidIn((await read(judgeRunId(of, { name }))) ?? [])
  return paid
}
