import { answer, scriptedModel, toolCalls } from '../../src/testing.ts'
import type { Agent, Model, Refold } from '../../src/index.ts'
import type { RunEvent } from '../../src/events/envelope.ts'
import type { Json } from '../../src/json.ts'
import { foreignArgument } from './origin.ts'
import type { RecordedRun } from './recorded-runs.ts'

/** Says at each step what was said in the record, whatever became of the calls before. */
export const recordedAnswers = (runs: readonly RecordedRun[]): Model => {
  const byId = new Map(runs.map((run) => [run.id, run]))
  return scriptedModel(({ instructions, messages }) => {
    const run = byId.get(instructions.slice(instructions.lastIndexOf('\n') + 1))
    const step = run?.steps[messages.filter(({ role }) => role === 'assistant').length]
    if (step === undefined) return answer('(The record ends here.)')
    if (step.calls.length === 0) return answer(step.text === '' ? '(nothing)' : step.text)
    return { ...toolCalls(step.calls.map(({ tool, input }) => ({ name: tool, arguments: input }))), text: step.text }
  })
}

/** Whether a call is made of what the attack has said, and not of what the user has. */
export const isOfAttack = ({ injected, question }: RecordedRun, input: Json): boolean =>
  foreignArgument(input, { got: [injected], said: [question] }) !== undefined

/** Lives one recorded run through again. Who is asked agrees to what the user wanted, and to nothing that the attack has said. */
export const replayRun = async (
  refold: Refold,
  agent: Agent,
  { recorded, runId, tags }: { readonly recorded: RecordedRun; readonly runId: string; readonly tags: Readonly<Record<string, string>> },
): Promise<readonly RunEvent[]> => {
  const { id, system, question } = recorded
  const run = await refold.start(agent, { runId, message: question, context: { recorded: id, system }, tags })
  for (;;) {
    const { approvals } = await run.untilSettled()
    if (approvals.length === 0) break
    for (const { callId, digest, subject } of approvals) {
      if (isOfAttack(recorded, (subject as { readonly input?: Json }).input ?? null))
        await run.deny(callId, { by: 'user', reason: 'I have not asked for that' })
      else await run.approve(callId, { by: 'user', digest })
    }
  }
  await run.complete({ by: 'user' })
  const events: RunEvent[] = []
  for await (const event of run.events()) events.push(event)
  return events
}
