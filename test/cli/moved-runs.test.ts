import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import type { RunRow } from '../../src/projections/run-index.ts'
import type { MoveCheck } from '../../src/runtime/commands/move-check.ts'
import type { RunView } from '../../src/fold/run-view.ts'
import { configs, newPlace, type Place } from './run-refold.ts'

// The real program, as a process, before and after an upgrade.

const next = { config: configs.nextClerk }

interface Shown {
  readonly events: readonly { readonly type: string; readonly data: { readonly digest?: string } }[]
}

describe('refold move and score', { timeout: 60_000 }, () => {
  let place: Place
  beforeAll(async () => {
    place = newPlace()
    for (const [runId, message] of [
      ['hello', 'hello'],
      ['again', 'again'],
      ['paying', 'pay 20'],
    ])
      await place.refold(`run clerk --run-id ${runId} -m '${message}'`)
    await place.refold('run form --run-id form')
  }, 60_000)
  afterAll(() => {
    place.remove()
  })

  test('says with --dry-run what would become of it, and changes nothing', async () => {
    expect(await place.json<MoveCheck>('move hello --to 2 --dry-run', next)).toMatchObject({
      runId: 'hello',
      from: 'clerk@1',
      to: 'clerk@2',
      ok: true,
      differences: [],
    })
    const { stderr } = await place.refold('move hello --to 2 --dry-run', next)
    expect(stderr).toContain('hello can move from clerk@1 to clerk@2')
    expect(await place.json('show hello', next)).toMatchObject({ run: { agentVersion: '1' } })
  })

  test('lets a run go on with the new version, which says what waits, and asks people again', async () => {
    const { events } = await place.json<Shown>('show paying', next)
    const before = events.find(({ type }) => type === 'ApprovalRequested')?.data.digest
    const moved = await place.json<RunView>("move paying --to 2 --by ada --note 'a smile'", next)
    expect(moved).toMatchObject({ agent: 'clerk@2', waitsFor: 'approval' })
    expect(moved.approvals[0]?.digest).not.toBe(before)
    const { stderr, exitCode } = await place.refold(`approve paying 3.0 --seen ${events.length - 1}`, next)
    expect(exitCode, stderr).toBe(exitCodes.notPossible)
    expect((await place.refold('approve paying 3.0', next)).stdout).toContain('So it is')
    expect((await place.refold('show paying', next)).stdout).toMatch(/RunMoved .* clerk@1 to 2 by ada/)
    expect((await place.refold('replay paying', next)).exitCode).toBe(0)
    expect((await place.refold('doctor', next)).exitCode).toBe(0)
    expect((await place.refold('send paying -m more')).stderr).toContain('UnknownAgent')
  })

  test('is refused where the new version would have led elsewhere, and says where', async () => {
    const { exitCode, stderr } = await place.refold('move form --to 9', next)
    expect({ exitCode, stderr }).toEqual({ exitCode: exitCodes.notFound, stderr: expect.stringContaining('found form@9') as string })
    expect((await place.refold('move nobody --to 2', next)).exitCode).toBe(exitCodes.notFound)
    expect((await place.refold('move paying --to 2', next)).exitCode).toBe(0)
  })

  test('moves all open runs of an agent', async () => {
    const asked = await place.json<readonly { runId: string; ok: boolean }[]>('move --all --agent clerk --from 1 --to 2 --dry-run', next)
    expect(asked.map(({ runId, ok }) => `${runId} ${ok}`).sort()).toEqual(['again true', 'hello true'])
    const { stdout, stderr } = await place.refold('move --all --agent clerk --to 2', next)
    expect(stdout.split('\n').sort()).toEqual(['', 'again  moved', 'hello  moved'])
    expect(stderr).toContain('2 open runs of clerk on other versions, to move to 2\n2 of 2 done: 2 moved, 0 could not\n')
    const rows = await place.json<RunRow[]>('list --agent clerk', next)
    expect(rows.map(({ agentVersion }) => agentVersion)).toEqual(['2', '2', '2'])
    expect(await place.json('move --all --agent clerk --to 2', next)).toEqual([])
  })

  test.each(['--agent nosuch --to 2', '--agent clerk --to 9', '--agent clerk --to 9 --dry-run'])(
    'refuses once a version that is not there: --all %s',
    async (options) => {
      const { exitCode, stdout, stderr } = await place.refold(`move --all ${options}`, next)
      expect({ exitCode, stdout }).toEqual({ exitCode: exitCodes.notFound, stdout: '' })
      expect(stderr).toMatch(/^refold: UnknownAgent: .*\n$/)
    },
  )

  test.each(['move', 'move hello', 'move hello --all --to 2 --agent clerk', 'move --all --to 2', 'move hello --to 2 --from 1'])(
    'needs one way to be chosen: %s',
    async (command) => {
      expect((await place.refold(command, next)).exitCode).toBe(exitCodes.usage)
    },
  )

  test('scores a run that has ended otherwise than well, and leaves it alone', async () => {
    await place.refold("cancel again --reason 'enough'", next)
    expect((await place.refold('score again thumbs up')).exitCode).toBe(exitCodes.usage)
    expect((await place.refold('score again thumbs 0 --passed --failed')).exitCode).toBe(exitCodes.usage)
    expect((await place.refold('score again thumbs 0 --at 900', next)).exitCode).toBe(exitCodes.notPossible)
    const given = "score again thumbs 0 --failed --note 'too slow' --at 1 --by ann"
    const scores = [{ name: 'thumbs', value: 0, passed: false, note: 'too slow', revision: 1, by: 'ann' }]
    expect(await place.json(given, next)).toMatchObject({ runId: 'again', scores })
    expect((await place.refold('show again', next)).stdout).toMatch(/RunScored +· +thumbs 0 failed of revision 1 by ann: too slow/)
    expect((await place.refold('replay again', next)).exitCode).toBe(0)
    expect((await place.refold('doctor', next)).stdout).not.toMatch(/after/)
  })
})

describe('refold take-over', { timeout: 60_000 }, () => {
  test('takes a run over from its agent, until it is given back, and says who has it', async () => {
    const place = newPlace()
    try {
      await place.refold('run clerk --run-id again -m hello')
      expect(await place.json<RunView>("take-over again --by ann --note 'she asked'")).toMatchObject({ takenOver: { by: 'ann' } })
      const second = await place.refold('take-over again --by bob')
      expect(second.exitCode).toBe(exitCodes.notPossible)
      expect(second.stderr).toContain('say that you take it from ann')
      expect((await place.refold('list')).stdout).toContain('awaitingMessage (ann has it)')
      expect(await place.json<RunView>('send again', { stdin: 'are you there?' })).toMatchObject({ state: 'escalated' })
      expect(await place.json<RunView>("answer again -m 'I am.'")).toMatchObject({ answer: 'I am.', takenOver: { by: 'ann' } })
      expect(await place.json<RunView>('give-back again')).toMatchObject({ waitsFor: 'message', takenOver: null })
    } finally {
      place.remove()
    }
  })
})
