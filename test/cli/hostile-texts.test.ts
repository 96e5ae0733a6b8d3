import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { sqliteEventLog } from '../../src/eventlog/sqlite/sqlite-event-log.ts'
import { streamOf } from '../../src/events/codec.ts'
import { viewNames } from '../../src/views/view-queries.ts'
import { configs } from './run-refold.ts'
import { createLogger } from '../../src/logger.ts'
import { asCaseOfEval, inEveryField, recordedHistories } from '../support/hostile-histories.ts'
import { atTerminal } from './terminal.ts'

/** Sets a title, moves the cursor, turns directions, hides, and breaks lines and characters. */
const HOSTILE =
  '\u001b]0;owned\u0007\u001b[2J\u009b31m\u009d0;t\u009c\u0000\u0008\u007f\u0085\u202e\u2066\u200f\u061c\u2028\u2029\u200b\ufeff\u{e0041}\ud800\nAll is well.\r\t\u001b[8m'

const STEERS =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\u{e0000}-\u{e0fff}]/u

/** Colours and the live line are Refold's own. */
const withoutOwn = (text: string): string => text.replace(/\r(\u001b\[K|(?=[█░]))/g, '').replace(/\u001b\[(?:0|1|2|22|3[1-6]|39)m/g, '')

/** The runs as they are, and each once more with a hostile text behind every text of its events. */
const fillLog = async (path: string): Promise<string[]> => {
  const log = sqliteEventLog({ path, clock: systemClock })
  const names: string[] = []
  for (const [at, events] of recordedHistories().entries()) {
    const hostile = `h${at}\u001b[31m\u202e`
    names.push(`h${at}`, hostile)
    const changed = (text: string): string => text + HOSTILE
    await log.append(
      streamOf(`h${at}`),
      'no-stream',
      asCaseOfEval(events, (text) => text),
    )
    await log.append(streamOf(hostile), 'no-stream', asCaseOfEval(inEveryField(events, changed), changed))
  }
  await log.close()
  return names
}

let folder = ''
let runs: string[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'refold-hostile-'))
  await atTerminal(folder, ['run', 'clerk', '-m', 'hello', '--config', configs.clerk])
  for (const name of readdirSync(join(folder, 'data'))) rmSync(join(folder, 'data', name), { recursive: true })
  runs = await fillLog(join(folder, 'data/log.db'))
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

const shown = async (words: readonly string[], stdin = ''): Promise<string> => {
  const { stdout, stderr } = await atTerminal(folder, [...words, '--config', configs.clerk], stdin)
  return `${stdout}\n${stderr}`
}

const expectNothingSteers = (text: string): void => {
  const found = STEERS.exec(withoutOwn(text.replaceAll('\r\n', '\n')))
  expect(found === null ? '' : JSON.stringify(text.slice(Math.max(0, found.index - 80), found.index + 20))).toBe('')
}

describe('nothing of a run steers the terminal that it is looked at with', () => {
  const looks: readonly (readonly string[])[] = [
    ['list', '--limit', '100'],
    ['export', '--all'],
    ['export', '--all', '--format', 'json'],
    ['replay', '--all'],
    ['doctor'],
    ['recover'],
    ['views', 'status'],
    ...viewNames.flatMap((view) => [
      ['query', view, '--limit', '500'],
      ['query', view, '--limit', '500', '--csv'],
    ]),
  ]
  test.each(looks.flatMap((words) => [words, [...words, '--json']]).map((words) => [words.join(' '), words] as const))(
    'in: refold %s',
    async (_, words) => {
      const text = await shown(words)
      expect(text.length).toBeGreaterThan(20)
      expectNothingSteers(text)
    },
  )

  test.each([
    ['show'],
    ['show --transcript'],
    ['at'],
    ['chart --run'],
    ['chart --format svg --run'],
    ['chart --format html --run'],
    ['replay'],
  ])('in: refold %s RUN, of every run', { timeout: 60_000 }, async (command) => {
    for (const run of runs) {
      const words = [...command.split(' '), run, ...(command === 'at' ? ['3'] : [])]
      expectNothingSteers(await shown(words))
      if (command === 'show') expectNothingSteers(await shown([...words, '--json']))
    }
  })

  test.each(
    [
      ['run', 'clerk', '-m', HOSTILE],
      ['run', 'clerk', '-m', `look ${HOSTILE}`],
      ['run', 'clerk', '--interactive'],
      ['run', HOSTILE, '-m', 'hi'],
      ['show', HOSTILE],
      ['query', HOSTILE],
      ['query', 'runs', '--status', HOSTILE],
      ['chart', HOSTILE],
      ['cancel', HOSTILE, '--reason', HOSTILE],
      [HOSTILE],
      ['list', `--${HOSTILE}`],
      ['export', '--all', '-o', `/no/such/${HOSTILE}`],
    ].map((words) => [words.join(' ').replaceAll(HOSTILE, '…'), words] as const),
  )('in what is asked for: refold %s', async (_, words) => {
    expectNothingSteers(await shown(words, `${HOSTILE}\npay 5\nn\n${HOSTILE}\n`))
    expectNothingSteers(await shown([...words, '--json'], `${HOSTILE}\n`))
  })

  test('and JSON is the same value', async () => {
    const { stdout } = await atTerminal(folder, ['export', '--all', '--config', configs.clerk])
    const texts = stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.stringify(JSON.parse(line))]))
    expect(texts.some((text) => text.includes(JSON.stringify(HOSTILE).slice(1, -1)))).toBe(true)
  })
})

describe('a copy of the log', () => {
  test('is looked at by the file that holds it, whatever the folder is called', async () => {
    const odd = mkdtempSync(join(tmpdir(), 'refold-\u001b[31m\u202e-'))
    cpSync(join(folder, 'data'), join(odd, 'data'), { recursive: true })
    const { stdout, stderr } = await atTerminal(odd, ['doctor', '--config', configs.clerk])
    expectNothingSteers(`${stdout}\n${stderr}`)
    rmSync(odd, { recursive: true })
  })
})

describe('a line of the log', () => {
  const logged = (isTTY: boolean) => {
    const lines: string[] = []
    const destination = { write: (text: string) => lines.push(text), isTTY }
    return { logger: createLogger('info', destination, ['hunter2-hunter2']), text: () => lines.join('') }
  }

  test('is in words at a terminal, and one line of JSON anywhere else', () => {
    for (const isTTY of [true, false]) {
      const { logger, text } = logged(isTTY)
      logger.warn({ runId: 'r-1', why: 'it is "late"', n: 3, key: 'hunter2-hunter2' }, 'a run is kept beyond its time')
      if (isTTY) {
        expect(text()).toMatch(/^\d\d:\d\d:\d\d WARN a run is kept beyond its time: runId=r-1 why="it is \\"late\\"" n=3 key=\*\*\*\n$/)
      } else {
        expect(JSON.parse(text())).toMatchObject({ level: 40, runId: 'r-1', key: '***', msg: 'a run is kept beyond its time' })
      }
    }
  })

  test('of an error says where it was thrown', () => {
    const { logger, text } = logged(true)
    logger.error({ err: new TypeError('no\nsuch') }, 'a sweep failed')
    expect(text()).toMatch(/^[\d:]+ ERROR a sweep failed: TypeError: no such\n( {2}at .*\n)+$/)
  })

  test.each<[Record<string, unknown>, string]>([
    [{ err: null }, 'err=null'],
    [{ err: 'no error' }, '"no error"'],
    [{ err: { message: { a: 1 }, stack: 7 } }, '{"a":1}'],
    [{ level: 'x', time: 'never', msg: { a: 1 }, name: 1 }, '--:--:--'],
    [{ time: -1e300 }, '--:--:--'],
  ])('is written whatever its facts are: %j', (facts, words) => {
    const { logger, text } = logged(true)
    logger.error(facts)
    expect(text()).toContain(words)
  })

  test.each(['\u001b[2J', '\n12:00:00 ERROR forged', '\r', '\u202e', '\u0000', '\u2028'])('cannot be forged with %j', (hostile) => {
    const { logger, text } = logged(true)
    logger.info({ [`a${hostile}`]: hostile, nested: { [hostile]: hostile } }, hostile)
    logger.error({ err: Object.assign(new Error(hostile), { name: hostile, code: hostile, stack: `x\n    at ${hostile}` }) }, hostile)
    const lines = text().split('\n')
    expect(lines.filter((line) => /^\d\d:\d\d:\d\d/.test(line))).toHaveLength(2)
    expect(text()).not.toMatch(/[\u001b\r\u202e\u0000\u2028]/)
  })
})
