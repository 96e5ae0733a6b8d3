import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { z } from 'zod'
import { defineAgent, defineTool, type ChartEvent, type RunEvent } from 'refold'
import { answer, coverage, failure, fact, given, openTestRefold, scriptedModel, started, toolCalls, type ModelScript } from 'refold/testing'

const refund = defineTool({
  name: 'refund',
  description: 'Pays money back',
  input: z.object({ usd: z.number() }),
  output: z.boolean(),
  effect: 'once',
  approval: ({ usd }) => usd > 50,
  execute: () => Promise.resolve(true),
})

const desk = defineAgent({ name: 'desk', version: '1', instructions: 'Help.', models: ['shop/one'], tools: [refund] })

const paying = (usd: number): ModelScript => [toolCalls([{ name: 'refund', arguments: { usd } }]), answer('Paid.')]

const runOf = async (script: ModelScript, grants = true): Promise<readonly RunEvent[]> => {
  const refold = await openTestRefold({ agents: [desk], models: { shop: scriptedModel(script) } })
  const run = await refold.start(desk, { runId: 'one', message: 'Hello' })
  const { approvals } = await refold.settle(run)
  for (const { callId } of approvals)
    await (grants ? run.approve(callId, { by: 'dana' }) : run.deny(callId, { by: 'dana', reason: 'too much' }))
  await refold.settle(run)
  return refold.events('one')
}

const takenBy = ({ transitions }: ReturnType<typeof coverage>, id: string): number | undefined =>
  transitions.find((transition) => transition.id === id)?.taken

describe('the coverage of an agent', () => {
  test('counts what runs took, in the charts of the run and of its calls', async () => {
    const found = coverage(desk, [await runOf(paying(20)), await runOf(paying(80))])
    expect(takenBy(found, 'agent-run.thinking.callingModel|ModelCallSucceeded|0')).toBe(2)
    expect(takenBy(found, 'agent-run.thinking.checkingLimits|always|1')).toBe(4)
    expect(takenBy(found, 'tool-call.checking|ApprovalRequested|0')).toBe(1)
    expect(takenBy(found, 'tool-call.awaitingApproval|ApprovalDenied|0')).toBe(0)
    expect([found.runs, found.skipped]).toEqual([2, []])
    expect(found.share).toBeGreaterThan(0.1)
    expect(found.share).toBeLessThan(0.4)
  })

  test('proposes a script for what was never taken, and a test that follows it takes it', async () => {
    const before = coverage(desk, [await runOf(paying(20))])
    const never = (id: string): readonly string[] | undefined => before.never.find((transition) => transition.id === id)?.script
    expect(never('agent-run.thinking.callingModel|ModelCallFailed|3')).toEqual(['send({ message })', "failure('auth')"])
    expect(never('agent-run.escalated|RunReturned|0')).toEqual(['send({ message })', "failure('auth')", 'run.giveBack({ by })'])
    expect(never('tool-call.refused|ToolCallDenied|0')).toEqual(['a tool whose approval asks a person', 'run.deny(callId, { by, reason })'])
    expect(before.report).toContain(
      "never: agent-run.thinking.callingModel — ModelCallFailed → agent-run.escalated\n  send({ message })\n  failure('auth')",
    )

    const after = coverage(desk, [await runOf(paying(20)), await runOf([failure('auth')]), await runOf(paying(80), false)])
    expect(after.never.map(({ id }) => id)).not.toContain('agent-run.thinking.callingModel|ModelCallFailed|3')
    expect(after.never.map(({ id }) => id)).not.toContain('tool-call.refused|ToolCallDenied|0')
    expect(after.share).toBeGreaterThan(before.share)
  })

  test('does not ask for what the agent cannot do, and says what it lacks', () => {
    const { impossible } = coverage(desk, [])
    const lacks = Object.fromEntries(impossible.map((transition) => [transition.id, transition.lacks]))
    expect(lacks).toMatchObject({
      'agent-run.awaitingMessage|MessageReceived|0': 'an input guardrail',
      'agent-run.checkingInput|InputRejected|0': 'an input guardrail',
      'agent-run.checkingOutput|OutputRejected|2': 'a way to where it begins',
      'agent-run.finishingTurn|TurnCompleted|1': 'an output schema',
      'agent-run.thinking.callingModel|ModelCallFailed|2': 'a second model',
      'agent-run.acting|always|0': 'a tool that hands over',
    })
  })

  test('is of a chart of one’s own too, whose events go by their names', () => {
    const chart = setup({ types: { events: {} as ChartEvent }, guards: { isLate: () => false } }).createMachine({
      id: 'door',
      initial: 'closed',
      states: {
        closed: { on: { MessageReceived: [{ guard: 'isLate', target: 'locked' }, { target: 'open' }] } },
        open: { on: { RunCompleted: 'done' } },
        locked: { on: { RunReturned: 'closed' } },
        done: { type: 'final' },
      },
    })
    const door = defineAgent({ name: 'door', version: '1', chart })
    const { events } = given(door, started(door), fact('MessageReceived', { parts: [{ type: 'text', text: 'Open' }] }))
    const found = coverage(door, [events])
    expect(found.never.filter(({ chart: of }) => of === 'run').map(({ id, script }) => [id, script])).toEqual([
      ['door.closed|MessageReceived|0', ['send({ message })']],
      ['door.open|RunCompleted|0', ['send({ message })', 'run.complete({ by })']],
      ['door.locked|RunReturned|0', ['send({ message })', 'run.giveBack({ by })']],
    ])
  })

  test('says which runs it could not count', async () => {
    const events = await runOf(paying(20))
    const other = defineAgent({ name: 'other', version: '1', instructions: 'Help.', models: ['shop/one'] })
    const { runs, skipped } = coverage(other, [events, [], events.slice(1)])
    expect([runs, skipped]).toEqual([
      0,
      [
        { runId: 'one', reason: 'it is of desk' },
        { runId: '', reason: 'it has no beginning' },
        { runId: 'one', reason: 'it has no beginning' },
      ],
    ])
    const torn = coverage(desk, [events.filter(({ revision }) => revision !== 4)])
    expect(torn.skipped[0]?.reason).toContain('revision 4')
  })
})
