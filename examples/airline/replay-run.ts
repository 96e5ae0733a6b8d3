import type { Projection, RecordedRunEvent, Refold, Run, RunEvent, RunView } from 'refold'
import { dataOf, type Database } from './agent.ts'
import { dataHash } from './data-hash.ts'
import type { AirlineData } from './airline-data.ts'
import { endOf, toolCallsOf, type RecordedRun } from './recorded-runs.ts'
import { rewardOf } from './reward.ts'

/** What came of one recorded conversation, lived through again. */
export interface ReplayedRun {
  readonly runId: string
  readonly taskId: number
  readonly trial: number
  readonly toolCalls: number
  readonly identicalOutputs: number
  /** Absent where the record holds no hash. */
  readonly hashEqual?: boolean
  readonly reward: number
  readonly rewardEqual: boolean
  readonly replayEqual: boolean
  readonly report?: string
  readonly events: number
}

/** Sends the user's messages one after the other; the model is recorded, the tools run for real on the run's own data base. */
export const replayRun = async (
  refold: Refold,
  { database, fresh }: { readonly database: Projection<Database>; readonly fresh: AirlineData },
  recorded: RecordedRun,
): Promise<ReplayedRun> => {
  const runId = `task-${recorded.taskId}-trial-${recorded.trial}`
  const run = await refold.start('airline', { runId })
  const last = await converse(run, recorded)
  const events = await eventsUpTo(run, last.revision)
  const outputs = events.flatMap((event) => (event.type === 'ToolCallSucceeded' ? [event.data.output] : []))
  const calls = toolCallsOf(recorded.messages)
  const data = dataOf(
    fresh,
    events.reduce((state, event) => database.apply(state, event), database.initial()),
  )
  const reward = rewardOf({ task: recorded.task, data, answers: answersIn(events), end: endOf(recorded.messages) }, fresh)
  const replay = await run.verify()
  return {
    runId,
    taskId: recorded.taskId,
    trial: recorded.trial,
    toolCalls: calls.length,
    identicalOutputs: outputs.length === calls.length ? calls.filter((call, index) => call.result === outputs[index]).length : 0,
    ...(recorded.groundTruthHash === undefined
      ? {}
      : {
          hashEqual:
            reward.groundTruthHash === recorded.groundTruthHash && (dataHash(data) === recorded.groundTruthHash) === recorded.dataMatched,
        }),
    reward: reward.reward,
    rewardEqual: reward.reward === recorded.reward,
    replayEqual: replay.ok && replay.events === last.revision + 1,
    ...(replay.ok ? {} : { report: replay.report }),
    events: last.revision + 1,
  }
}

/** Lives it through once more: the run's own model answers each message. */
export const converse = async (run: Run, { messages }: RecordedRun): Promise<RunView> => {
  const spoken = messages.flatMap((message, index) =>
    // What the user says last ends the conversation: no model is asked about it.
    message.role === 'user' && index < messages.length - 1 ? [message.content] : [],
  )
  for (const message of spoken) {
    await run.send({ message })
    await run.untilSettled()
  }
  await run.complete({ by: 'customer' })
  return run.state()
}

const eventsUpTo = async (run: Run, revision: number): Promise<RecordedRunEvent[]> => {
  const events: RecordedRunEvent[] = []
  for await (const event of run.events()) {
    events.push(event)
    if (event.revision === revision) break
  }
  return events
}

/** Text beside a tool call is no answer. */
export const answersIn = (events: readonly RunEvent[]): string[] =>
  events.flatMap((event) => {
    if (event.type !== 'ModelCallSucceeded' || event.data.parts.some((part) => part.type === 'toolCall')) return []
    return [event.data.parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('')]
  })
