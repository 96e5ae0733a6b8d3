import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { checkDatasets } from '../../../src/cli/doctor/check-datasets.ts'
import { newFindings } from '../../../src/cli/doctor/findings.ts'
import { createGrower, type Grower, type GrowerNotice } from '../../../src/consumers/growing/grower.ts'
import { grownCases } from '../../../src/consumers/growing/grown-cases.ts'
import { DATASETS_STREAM } from '../../../src/consumers/growing/grower-claim.ts'
import { AppError } from '../../../src/errors.ts'
import type { EventLog } from '../../../src/eventlog/event-log.ts'
import { casesInText } from '../../../src/evals/dataset.ts'
import type { DatasetCase } from '../../../src/evals/dataset-case.ts'
import { grownDatasets, type GrowRule } from '../../../src/evals/growing/grow-rule.ts'
import { answer, failure } from '../../../src/models/scripted/script.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { openWorld, settle, type World } from '../../support/world.ts'

const agent = defineAgent({ name: 'helper', version: '1', instructions: 'Help.', models: ['scripted/one'] })

const saidLast = (messages: readonly unknown[]): string => JSON.stringify(messages.at(-1))
const world = (): World =>
  openWorld({
    agents: [agent],
    models: {
      scripted: scriptedModel(({ messages }) =>
        saidLast(messages).includes('break') ? failure('badRequest') : answer(`You said ${messages.length} things.`),
      ),
    },
  })

const folders: string[] = []
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'refold-grower-'))
  folders.push(made)
  return made
}
afterEach(() => {
  for (const made of folders.splice(0)) rmSync(made, { recursive: true })
})

const say = async (here: World, runId: string, ...messages: readonly string[]) => {
  const [first = 'Hello', ...more] = messages
  const run = await here.refold.start('helper', { runId, message: first })
  await settle(here, run)
  for (const message of more) {
    await run.send({ message })
    await settle(here, run)
  }
  return run
}

let ids = 0
interface Growing {
  readonly grower: Grower
  readonly notices: GrowerNotice[]
}
const growing = (
  here: World,
  dir: string,
  grow: readonly GrowRule[],
  { log = here.log, owner = 'one' }: { readonly log?: EventLog; readonly owner?: string } = {},
): Growing => {
  const notices: GrowerNotice[] = []
  const { grow: rules } = grownDatasets.parse({ dir, grow })
  const uuid = () => `00000000-0000-4000-8000-${(++ids).toString(16).padStart(12, 'f')}`
  const grower = createGrower({
    log,
    blobs: here.blobs,
    clock: here.clock,
    owner,
    uuid,
    dir,
    rules,
    notify: (notice) => notices.push(notice),
  })
  return { grower, notices }
}

const NEVER = new AbortController().signal
const grown = async (here: World, dir: string, grow: readonly GrowRule[], owner = 'one'): Promise<readonly GrowerNotice[]> => {
  const { grower, notices } = growing(here, dir, grow, { owner })
  expect(await grower.catchUp(NEVER)).toBe(true)
  expect((await grower.lag()).events).toBe(0)
  return notices
}
const textIn = (dir: string, name: string): string => readFileSync(join(dir, `${name}.jsonl`), 'utf8')
const casesOf = (dir: string, name: string): readonly DatasetCase[] => casesInText(textIn(dir, name), name)
const runsIn = (dir: string, name: string): string[] =>
  casesOf(dir, name)
    .map(({ source: { runId, revision } }) => `${runId}@${revision}`)
    .sort()
const said = (dir: string, name: string): string[] =>
  casesOf(dir, name).map(({ input: { messages } }) =>
    saidLast(messages.flatMap(({ parts }) => parts.map((part) => ('text' in part ? part.text : '')))),
  )

describe('a dataset that grows', () => {
  test('takes in what its rule fits, each input once, as a file that nobody else can read', async () => {
    const here = world()
    const dir = join(folder(), 'made', 'here')
    await say(here, 'a', 'Hello')
    await say(here, 'b', 'Hello')
    await say(here, 'c', 'Goodbye', 'break')
    const down = await say(here, 'd', 'One', 'Two', 'Three')
    await down.score({ name: 'thumbs', value: 0, by: 'ann', revision: 7 })
    await down.score({ name: 'thumbs', value: 1, by: 'bob', revision: 3 })
    const rules: GrowRule[] = [
      { name: 'all' },
      { name: 'escalations', of: 'turn', when: 'escalated' },
      { name: 'thumbs-down', of: 'turn', when: { score: 'thumbs', below: 0.5 } },
      { name: 'others', agent: 'nobody' },
    ]
    expect(await grown(here, dir, rules)).toEqual([])
    expect(runsIn(dir, 'all')).toEqual(['a@1', 'c@1', 'd@1'])
    expect(runsIn(dir, 'thumbs-down')).toEqual(['d@5'])
    expect(said(dir, 'thumbs-down')).toEqual(['"Two"'])
    expect(casesOf(dir, 'escalations')).toEqual([])
    expect(textIn(dir, 'others')).toBe('')
    for (const file of readdirSync(dir)) expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600)
    const owned = here.refold.run('c')
    await owned.answer({ by: 'dana', text: 'So it is.' })
    await settle(here, owned)
    await grown(here, dir, rules)
    expect(said(dir, 'escalations')).toEqual(['"break"'])
    expect(readdirSync(dir).filter((file) => file.includes('draft'))).toEqual([])
  })

  test('goes on where it was, and follows what becomes of its runs', async () => {
    const here = world()
    const dir = folder()
    const rules: GrowRule[] = [{ name: 'all' }, { name: 'down', when: { score: 'thumbs', below: 0.5 } }]
    const run = await say(here, 'a', 'Hello')
    await grown(here, dir, rules)
    expect(casesOf(dir, 'all')).toMatchObject([{ output: { answer: 'You said 1 things.' }, labels: { end: 'open' } }])
    await run.score({ name: 'thumbs', value: 0, by: 'ann' })
    await grown(here, dir, rules, 'two')
    expect(runsIn(dir, 'down')).toEqual(['a@1'])
    await run.complete({ by: 'ann' })
    await run.score({ name: 'thumbs', value: 1, by: 'ann' })
    await grown(here, dir, rules, 'three')
    expect(runsIn(dir, 'down')).toEqual([])
    expect(casesOf(dir, 'all')).toMatchObject([{ labels: { end: 'completed' } }])
  })

  test('is the same whether it grew at once or with every event, by as many processes', async () => {
    const here = world()
    const [step, whole] = [folder(), folder()]
    const rules: GrowRule[] = [
      { name: 'all', of: 'call' },
      { name: 'down', of: 'turn', when: { score: 'thumbs', passed: false } },
    ]
    const grow = (): Promise<unknown> => grown(here, step, rules, `owner ${++ids}`)
    for (const runId of ['a', 'b', 'c']) {
      const run = await here.refold.start('helper', { runId, message: `Hello ${runId}` })
      await run.score({ name: 'thumbs', value: 0, passed: false, by: 'ann' })
      await grow()
      await settle(here, run)
      await grow()
      await run.send({ message: 'And?' })
      await grow()
      await settle(here, run)
    }
    await grow()
    await grown(here, whole, rules)
    expect(casesOf(whole, 'down')).toHaveLength(3)
    for (const name of ['all', 'down']) expect(textIn(step, name)).toBe(textIn(whole, name))
  })

  test('neither loses nor doubles a case, nor leaves half of one, at whatever moment its process ends', async () => {
    const here = world()
    const dir = folder()
    const rules: GrowRule[] = [{ name: 'all' }]
    const place = join(dir, '.grown.json')
    const file = join(dir, 'all.jsonl')
    const now = () => ({ place: readFileSync(place, 'utf8'), file: readFileSync(file, 'utf8') })
    await say(here, 'a', 'Hello')
    await grown(here, dir, rules)
    const before = now()
    await say(here, 'b', 'Goodbye')
    await grown(here, dir, rules)
    const after = now()
    const texts = [before, after].map(
      ({ place: text }) => (JSON.parse(text) as { datasets: { all: { texts: string[] } } }).datasets.all.texts,
    )
    const noted = JSON.stringify({
      ...(JSON.parse(before.place) as object),
      datasets: { all: { ...(JSON.parse(before.place) as { datasets: { all: object } }).datasets.all, texts: texts.flat() } },
    })
    const moments = [before, { place: noted, file: before.file }, { place: noted, file: after.file }, after]
    for (const moment of moments) {
      writeFileSync(place, moment.place)
      writeFileSync(file, moment.file)
      writeFileSync(`${file}.00000000-0000-4000-8000-000000000000.draft`, after.file.slice(0, 50))
      expect(await grown(here, dir, rules)).toEqual([])
      expect(now()).toEqual(after)
      expect(readdirSync(dir).sort()).toEqual(['.grown.json', 'all.jsonl'])
    }
  })

  test('is written by nobody whose claim another process has', async () => {
    const here = world()
    const dir = folder()
    await say(here, 'a', 'Hello')
    const rules: GrowRule[] = [{ name: 'all' }]
    let appends = 0
    const dying: EventLog = {
      ...here.log,
      append: (stream, ...rest) => {
        if (stream === DATASETS_STREAM && ++appends === 2) return Promise.reject(new AppError('Closed', 'the process ends here'))
        return here.log.append(stream, ...rest)
      },
    }
    await expect(growing(here, dir, rules, { log: dying }).grower.catchUp(NEVER)).rejects.toMatchObject({ code: 'Closed' })
    expect(readdirSync(dir)).toEqual([])
    expect(await growing(here, dir, rules, { owner: 'two' }).grower.catchUp(NEVER)).toBe(false)
    here.clock.advance(60_001)
    await grown(here, dir, rules, 'two')
    expect(runsIn(dir, 'all')).toEqual(['a@1'])
  })

  test('loses what a deleted run gave, and takes in nothing more of it', async () => {
    const here = world()
    const dir = folder()
    const rules: GrowRule[] = [{ name: 'all' }]
    for (const runId of ['a', 'b']) await (await say(here, runId, `Hello ${runId}`)).complete({ by: 'ann' })
    await grown(here, dir, rules)
    expect(runsIn(dir, 'all')).toEqual(['a@1', 'b@1'])
    await here.refold.delete('a', { by: 'ann' })
    await grown(here, dir, rules)
    expect(runsIn(dir, 'all')).toEqual(['b@1'])
    expect(textIn(dir, 'all')).not.toContain('Hello a')
    const anew = folder()
    await grown(here, anew, rules)
    expect(runsIn(anew, 'all')).toEqual(['b@1'])
  })

  test('loses what a deleted run gave also where its rule is gone, and grows whole again where the rule comes back', async () => {
    const here = world()
    const dir = folder()
    const both: GrowRule[] = [{ name: 'all' }, { name: 'old' }]
    for (const runId of ['a', 'b', 'c']) await (await say(here, runId, `Hello ${runId}`)).complete({ by: 'ann' })
    await grown(here, dir, both)
    const mine = textIn(dir, 'old')
    await grown(here, dir, [{ name: 'all' }])
    await here.refold.delete('a', { by: 'ann' })
    expect(await grown(here, dir, [{ name: 'all' }], 'two')).toEqual([])
    expect(runsIn(dir, 'old')).toEqual(['b@1', 'c@1'])
    await here.refold.delete('b', { by: 'ann' })
    await say(here, 'd', 'Hello d')
    await grown(here, dir, [{ name: 'all' }], 'three')
    expect(runsIn(dir, 'old')).toEqual(['c@1'])
    expect(await grown(here, dir, both)).toEqual([])
    expect(textIn(dir, 'old')).toBe(textIn(dir, 'all'))

    await grown(here, dir, [{ name: 'all' }])
    writeFileSync(join(dir, 'old.jsonl'), mine)
    await here.refold.delete('c', { by: 'ann' })
    expect(await grown(here, dir, [{ name: 'all' }])).toEqual([{ type: 'datasetNotOurs', file: join(dir, 'old.jsonl') }])
    expect(textIn(dir, 'old')).toBe(mine)
  })

  test('grows again where its file is gone or its rule was changed, and leaves what somebody has written', async () => {
    const here = world()
    const dir = folder()
    await say(here, 'a', 'Hello, I am ann@example.com')
    await grown(here, dir, [{ name: 'all' }])
    const whole = textIn(dir, 'all')
    rmSync(join(dir, 'all.jsonl'))
    await grown(here, dir, [{ name: 'all' }])
    expect(textIn(dir, 'all')).toBe(whole)
    const redacted: GrowRule[] = [{ name: 'all', redact: ['[\\w.]+@[\\w.]+'], train: 1 }]
    await grown(here, dir, redacted)
    expect(textIn(dir, 'all')).not.toContain('ann@')
    expect(casesOf(dir, 'all')).toMatchObject([{ split: 'train' }])
    writeFileSync(join(dir, 'all.jsonl'), whole)
    writeFileSync(join(dir, 'mine.jsonl'), 'mine')
    await say(here, 'b', 'More')
    const notices = await grown(here, dir, [...redacted, { name: 'mine' }, { name: 'new' }])
    expect(notices).toEqual(['all', 'mine'].map((name) => ({ type: 'datasetNotOurs', file: join(dir, `${name}.jsonl`) })))
    expect([textIn(dir, 'all'), textIn(dir, 'mine')]).toEqual([whole, 'mine'])
    expect(runsIn(dir, 'new')).toEqual(['a@1', 'b@1'])
  })

  test('takes a share by the ids of runs alone, and no more than it has room for', async () => {
    const here = world()
    const [one, other] = [folder(), folder()]
    for (let count = 0; count < 60; count++) await say(here, `run-${count}`, `Hello ${count}`)
    const rules: GrowRule[] = [
      { name: 'half', share: 0.5 },
      { name: 'few', mostCases: 7 },
    ]
    await grown(here, one, rules)
    await grown(here, other, rules)
    expect(runsIn(one, 'half').length).toBeGreaterThan(15)
    expect(runsIn(one, 'half').length).toBeLessThan(45)
    expect(runsIn(other, 'half')).toEqual(runsIn(one, 'half'))
    expect(casesOf(one, 'few')).toHaveLength(7)
  })

  test('holds so many bytes at most: what is beyond is left out, and what goes makes room', () => {
    const [rule] = grownDatasets.parse({ dir: '.', grow: [{ name: 'all' }] }).grow
    if (rule === undefined) throw new Error('expected a rule')
    const mostBytes = 4_000
    const cases = grownCases(rule, mostBytes)
    const large = (id: string): DatasetCase => ({
      id,
      of: 'run',
      source: { runId: `run-${id}`, revision: 1, agent: 'helper@1' },
      task: id,
      input: { messages: [{ role: 'user', parts: [{ type: 'text', text: 'x'.repeat(mostBytes / 4) }] }] },
      state: { place: 'awaitingMessage', turn: 1 },
      output: { answer: null, output: null, toolCalls: [] },
      labels: {},
    })
    for (const id of ['a', 'b', 'c', 'd']) cases.put(`run-${id}`, [large(id)])
    expect([cases.size(), cases.leftOut()]).toEqual([3, 1])
    cases.put('run-a', [])
    cases.put('run-d', [large('d')])
    expect(cases.all().map(({ id }) => id)).toEqual(['b', 'c', 'd'])
  })

  test('has no case of a fork, of an eval, of its judge, or of what was sealed', async () => {
    const here = world()
    const dir = folder()
    const run = await say(here, 'a', 'Hello', 'More')
    await settle(here, await run.fork({ at: 4, by: 'ann', runId: 'fork' }))
    const judged = await here.refold.start('helper', { runId: 'judged', message: 'Judge', tags: { eval: 'e1' } })
    await settle(here, judged)
    await settle(here, await here.refold.start('helper', { runId: 'judge', message: 'Judge it', tags: { judges: 'e1' } }))
    await settle(here, await here.refold.start('helper', { runId: 'sealed', message: 'Sealed', sealed: { modelCalls: null } }))
    await grown(here, dir, [{ name: 'all' }])
    expect(runsIn(dir, 'all')).toEqual(['a@1'])
  })

  test('grows while production runs, and ends when it is told to', async () => {
    const here = world()
    const dir = folder()
    const stop = new AbortController()
    const { grower } = growing(here, dir, [{ name: 'all' }])
    const running = grower.run(stop.signal)
    await say(here, 'a', 'Hello')
    // It may have begun with a part of the run, and then rests for a while.
    const cases = () => (here.clock.next(), grower.counts().cases)
    await expect.poll(cases, { timeout: 30_000 }).toBe(1)
    stop.abort()
    here.clock.next()
    await running
    expect(runsIn(dir, 'all')).toEqual(['a@1'])
  })

  test('is missed by the doctor once nobody has grown it for ten minutes', async () => {
    const here = world()
    const datasets = { dir: folder(), grow: [{ name: 'all' }] }
    const found = async () => {
      const findings = newFindings()
      await checkDatasets(here, datasets, findings)
      return findings.all().map(({ check, severity }) => [check, severity])
    }
    await say(here, 'a', 'Hello')
    expect(await found()).toEqual([])
    here.clock.advance(600_001)
    expect(await found()).toEqual([['datasets', 'warning']])
    await grown(here, datasets.dir, datasets.grow)
    expect(await found()).toEqual([])
  })

  test.each([
    [{ name: '../up' }],
    [{ name: '.grown' }],
    [{ name: 'a', redact: ['('] }],
    [{ name: 'a', share: 2 }],
    [{ name: 'a', when: 'sometimes' }],
    [{ name: 'a', when: { score: 'thumbs' } }],
    [{ name: 'a', whenever: 'escalated' }],
  ])('has a rule that is checked: %j', (rule) => {
    expect(grownDatasets.safeParse({ dir: 'datasets', grow: [rule] }).success).toBe(false)
  })
})
