import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRefold, type OpenRefold } from 'refold'
import { systemClock } from '../../src/clock.ts'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import { runProgram } from '../../src/cli/program.ts'
import type { WhatIfReport } from '../../src/evals/whatif/report.ts'
import { deskIn } from './whatif-desk.ts'

const config = fileURLToPath(import.meta.resolve('./whatif.config.ts'))

const sink = (): { readonly stream: NodeJS.WriteStream; readonly text: () => string } => {
  let text = ''
  const stream = new Writable({
    write(chunk, _, done) {
      text += String(chunk)
      done()
    },
  })
  return { stream: Object.assign(stream, { isTTY: false, columns: 0 }) as unknown as NodeJS.WriteStream, text: () => text }
}

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

interface How {
  readonly signal?: AbortSignal
  readonly opened?: (refold: OpenRefold) => void
  /** A version that this process does not have. */
  readonly without?: string
}

/** A folder with runs of the desk, in which commands run in this process. */
const newDesk = () => {
  const folder = mkdtempSync(join(tmpdir(), 'refold-whatif-'))
  const desk = deskIn(folder, 0)
  const { agents, models, prices } = desk
  const open = () =>
    openRefold({ dir: join(folder, 'data'), agents, ...(models && { models }), ...(prices && { prices }), sweepIntervalMs: 60_000 })
  const run = async (argv: readonly string[], { signal = new AbortController().signal, opened, without }: How = {}): Promise<Ran> => {
    const [stdout, stderr] = [sink(), sink()]
    const code = await runProgram(
      [...argv, '--config', config],
      {
        stdout: stdout.stream,
        stderr: stderr.stream,
        stdin: process.stdin,
        cwd: folder,
        clock: systemClock,
        user: 'ann',
        signal,
        openBus: () => Promise.resolve(undefined),
        open: async (options) => {
          const refold = await openRefold({
            ...options,
            agents: agents.filter(({ id }) => id !== without),
            ...(prices && { prices }),
            ...(options.readOnly !== true && models && { models }),
          })
          opened?.(refold)
          return refold
        },
      },
      () => true,
    )
    return { code, stdout: stdout.text(), stderr: stderr.text() }
  }
  const report = async (options: string, how?: How): Promise<WhatIfReport> => {
    const { stdout, stderr } = await run(['whatif', ...options.split(' '), '--fresh', '--json'], how)
    expect(stderr).not.toContain('refold:')
    return JSON.parse(stdout) as WhatIfReport
  }
  return { folder, ...desk, open, run, report, remove: () => rmSync(folder, { recursive: true }) }
}

type Desk = ReturnType<typeof newDesk>

const MESSAGES: Readonly<Record<string, readonly string[]>> = {
  a: ['Refund 20'],
  b: ['Refund 35'],
  c: ['Refund 60'],
  d: ['Hello', 'Refund 70'],
  e: ['Hello'],
}

const filled = async (desk: Desk): Promise<void> => {
  const refold = await desk.open()
  for (const [runId, [first = '', ...more]] of Object.entries(MESSAGES)) {
    const run = await refold.start('support', { runId, message: first })
    await run.untilSettled()
    for (const message of more) {
      await run.send({ message })
      await run.untilSettled()
    }
  }
  await (await refold.start('clerk', { runId: 'other', message: 'Refund 60' })).untilSettled()
  const gone = await refold.start('support', { runId: 'gone', message: 'Hello' })
  await gone.untilSettled()
  await gone.cancel({ by: 'ann', reason: 'done' })
  await refold.close()
  const { code, stderr } = await desk.run(['delete', 'gone', '--yes', '--reason', 'asked'])
  expect(code, stderr).toBe(0)
}

const kinds = (rows: WhatIfReport['differences']): readonly string[] =>
  rows.map(({ recorded, now, count, examples }) => `${count} ${recorded} -> ${now}: ${examples.map(({ runId }) => runId).join(' ')}`)

describe('refold whatif', { timeout: 120_000 }, () => {
  let desk: Desk
  let before: { readonly asked: number; readonly done: number }
  beforeAll(async () => {
    desk = newDesk()
    await filled(desk)
    before = { asked: desk.asked(), done: desk.done() }
  }, 120_000)
  afterAll(() => {
    desk.remove()
  })

  test('decides recorded runs again, asks nobody, and counts what would be otherwise', async () => {
    const report = await desk.report('--agent support@2')
    expect(report).toMatchObject({
      mode: 'fold',
      agent: 'support@2',
      chosen: 6,
      runs: 5,
      compared: 5,
      different: 3,
      costUsd: null,
      stopped: null,
    })
    expect(kinds(report.differences)).toEqual(['3 calls refund -> asks approval of refund: b c d'])
    expect(kinds(report.prompts)).toEqual(['5 asks the model -> asks the model with other model: a b c d e'])
    expect(report.deleted).toEqual({ count: 1, runs: [{ runId: 'gone', why: 'deleted' }] })
    const [{ share, low, high } = { share: 0, low: 0, high: 0 }] = report.differences
    expect([share, low.toFixed(3), high.toFixed(3)]).toEqual([0.6, '0.231', '0.882'])
    expect({ asked: desk.asked(), done: desk.done() }).toEqual(before)
  })

  test('tells a version whose guardrail throws as one that rejects', async () => {
    const report = await desk.report('--agent support@3 --concurrency 9007199254740991')
    expect(kinds(report.differences)).toEqual(['4 calls refund -> rejects refund (broken): a b c d'])
    expect(report.differences[0]?.examples[0]?.detail).toContain('boom')
  })

  test('needs no code of the versions that the runs were on', async () => {
    const gone = { without: 'support@1' }
    expect(kinds((await desk.report('--agent support@2', gone)).differences)).toEqual(['3 calls refund -> asks approval of refund: b c d'])
    const report = await desk.report('--agent support@2 --mode ask --max-cost 1 --id gone --limit 2', gone)
    expect(report).toMatchObject({ chosen: 2, compared: 4, different: 0 })
    before = { asked: desk.asked(), done: desk.done() }
  })

  test('says it to people in a table, with a way to look at one', async () => {
    const { stdout, code } = await desk.run(['whatif', '--agent', 'support@2', '--fresh', '-o', 'report.json'])
    expect(code).toBe(exitCodes.ok)
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      'support@2 goes otherwise in 3 of 5 runs: 60.0 % (95 %: 23.1 to 88.2 %)',
      'COUNT   SHARE  95 %            RECORDED      NOW                      FOR EXAMPLE',
      '    3  60.0 %  23.1 to 88.2 %  calls refund  asks approval of refund  b@4',
    ])
    expect(stdout).toContain('1 run deleted: gone (deleted)\nLook at one: refold at b 4\n')
    const file = join(desk.folder, 'report.json')
    expect([(JSON.parse(readFileSync(file, 'utf8')) as WhatIfReport).different, statSync(file).mode & 0o777]).toEqual([3, 0o600])
  })

  test.each([
    ["run_id = 'a'", ['a']],
    ["run_id = 'a' -- and nothing else", ['a']],
    ['false) or (true', ['a', 'b', 'c', 'd', 'e', 'gone']],
    ['false) union select run_id from refold_runs where (true', ['a', 'b', 'c', 'd', 'e', 'gone']],
    ['false)) select run_id, status from refold_runs where ((true', []],
    ['false)) or ((true', []],
    ['1 = 1; drop table refold_runs', []],
    ['nosuch = 1', []],
  ])('takes a condition, and nothing that is more than one: %s', async (where, runs) => {
    const { code, stdout, stderr } = await desk.run(['whatif', '--agent', 'support@2', '--where', where, '--json'])
    if (runs.length === 0)
      expect({ code, stdout, stderr }).toEqual({
        code: exitCodes.usage,
        stdout: '',
        stderr: expect.stringContaining('InvalidInput') as string,
      })
    else expect((JSON.parse(stdout) as WhatIfReport).chosen).toBe(runs.length)
  })

  test.each([
    ['--agent nosuch@2', exitCodes.notFound],
    ['--agent support@9', exitCodes.notFound],
    ['--agent support@2 --mode ask', exitCodes.usage],
    ['--agent support@2 --mode odd', exitCodes.usage],
    ['--agent support@2 --id ../x', exitCodes.usage],
    ['--agent support@2 --concurrency 0', exitCodes.usage],
    ['', exitCodes.usage],
  ])('is refused: %s', async (options, expected) => {
    expect((await desk.run(['whatif', ...options.split(' ').filter(Boolean)])).code).toBe(expected)
  })

  test('asks each call of a model again, once, and does nothing outside', async () => {
    const report = await desk.report('--agent support@2 --mode ask --max-cost 1 --id ask')
    expect(report).toMatchObject({ compared: 10, different: 4 })
    expect(kinds(report.differences)).toEqual([
      '2 answers -> answers in other words: d e',
      '2 wants refund -> wants refund with other arguments: c d',
    ])
    expect(report.costUsd?.paid).toBeGreaterThan(0)
    expect(report.costUsd?.paid).toBe(report.costUsd?.now)
    expect({ asked: desk.asked(), done: desk.done() }).toEqual({ asked: before.asked + 10, done: before.done })
    const again = await desk.report('--agent support@2 --mode ask --max-cost 1 --id ask')
    expect(again).toEqual(report)
    expect(desk.asked()).toBe(before.asked + 10)
    const fork = report.differences[0]?.examples[0]?.fork ?? ''
    expect((await desk.run(['doctor'])).stdout).not.toContain('unresolved')
    const { stdout } = await desk.run(['diff', 'd', fork])
    expect(stdout).toContain('they part at')
  })

  test('stops once so much was paid, says so, and goes on for more', async () => {
    const { code, stdout, stderr } = await desk.run(
      'whatif --agent support@2 --mode ask --max-cost 0.00001 --id dear --concurrency 1 --json'.split(' '),
    )
    expect([code, stderr]).toEqual([exitCodes.wrong, expect.stringContaining('Stopped at the limit of money') as string])
    const report = JSON.parse(stdout) as WhatIfReport
    expect(report).toMatchObject({ stopped: 'cost' })
    const paid = report.costUsd?.paid ?? 0
    const asked = desk.asked()
    const whole = await desk.report('--agent support@2 --mode ask --max-cost 1 --id dear --concurrency 1')
    expect(whole).toMatchObject({ compared: 10, stopped: null })
    expect(desk.asked() - asked).toBe(10 - report.compared)
    expect(whole.costUsd?.paid).toBeGreaterThan(paid)
  })

  test('lets runs go freely under a seal, with what users have said, from the first message on', async () => {
    const { asked, done } = { asked: desk.asked(), done: desk.done() }
    const report = await desk.report('--agent support@2 --mode run --max-cost 1 --id free')
    expect([report.unfinished.runs, report.unreadable.runs]).toEqual([[], []])
    expect(report).toMatchObject({ compared: 5, different: 4 })
    expect(kinds(report.differences)).toEqual([
      '2 wants refund -> wants refund with other arguments: c d',
      '1 answers -> answers in other words: e',
      '1 calls refund -> asks approval of refund: b',
    ])
    // b, c and d wait for an approval now.
    expect(report.costUsd?.of).toBe(2)
    expect(desk.done()).toBe(done)
    expect(desk.asked()).toBeGreaterThan(asked)
    const again = await desk.report('--agent support@2 --mode run --max-cost 1 --id free')
    expect(again).toEqual(report)
    expect((await desk.run(['list', '--waits-for', 'approval'])).stdout).toBe('')
  })

  test('lets only those go that decide otherwise, right before they do', async () => {
    const asked = desk.asked()
    const report = await desk.report('--agent support@3 --mode run --from difference --max-cost 1 --id part')
    expect(report).toMatchObject({ compared: 5, different: 4 })
    expect(kinds(report.differences)).toEqual(['4 calls refund -> rejects refund (broken): a b c d'])
    expect(desk.asked() - asked).toBeGreaterThan(0)
  })

  test('is given up at Ctrl-C, and goes on later where it was', async () => {
    const control = new AbortController()
    const opened = (refold: OpenRefold): void => {
      const { fork } = refold.runtime
      let forks = 0
      Object.assign(refold.runtime, {
        fork: (...given: Parameters<typeof fork>) => {
          forks += 1
          if (forks === 3) control.abort()
          return fork(...given)
        },
      })
    }
    const asked = desk.asked()
    const { code, stderr } = await desk.run('whatif --agent support@2 --mode ask --max-cost 1 --id held --concurrency 1'.split(' '), {
      signal: control.signal,
      opened,
    })
    expect([code, stderr]).toEqual([exitCodes.interrupted, expect.stringContaining('--id held goes on with it') as string])
    expect(desk.asked() - asked).toBeLessThan(5)
    expect(await desk.report('--agent support@2 --mode ask --max-cost 1 --id held')).toMatchObject({ compared: 10, different: 4 })
    expect(desk.asked() - asked).toBe(10)
  })

  test('goes on where a process was killed: what it had asked is asked no more', async () => {
    const asked = desk.asked()
    const spawned = (diesAt: number) =>
      spawnSync(
        process.execPath,
        [
          '--conditions=refold:source',
          resolve(import.meta.dirname, '../../src/main.ts'),
          'whatif',
          '--agent',
          'support@2',
          '--mode',
          'ask',
          '--max-cost',
          '1',
          '--id',
          'killed',
          '--concurrency',
          '1',
          '--json',
          '--fresh',
          '--config',
          config,
        ],
        { cwd: desk.folder, env: { ...process.env, REFOLD_LOG_LEVEL: 'silent', DIES_AT: String(diesAt) }, encoding: 'utf8' },
      )
    expect(spawned(asked + 6).signal).toBe('SIGKILL')
    expect(desk.asked()).toBe(asked + 6)
    const { stdout, stderr, status } = spawned(0)
    expect(status, stderr + stdout).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ compared: 10, different: 4 })
    // The call that was under way was lost with its process.
    expect(desk.asked()).toBe(asked + 11)
  })
})
