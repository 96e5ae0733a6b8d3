import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, describe, expect, test } from 'vitest'
import type { ViewStanding } from '../../src/consumers/view-standing.ts'
import { testKafka } from './test-kafka.ts'

const kafka = await testKafka('commands of views on Kafka')
const root = resolve(import.meta.dirname, '../..')
const config = join(root, 'examples/order-desk/refold.config.ts')

describe.skipIf(kafka === undefined)('the views behind Kafka', () => {
  const folder = mkdtempSync(join(tmpdir(), 'refold-view-commands-'))
  const ends: (() => Promise<unknown>)[] = []
  afterAll(async () => {
    for (const end of ends) await end()
    await kafka?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const commandOf = (words: readonly string[]): string[] => [
    '--conditions=refold:source',
    join(root, 'src/main.ts'),
    ...words,
    '--config',
    config,
  ]
  const environment = (): NodeJS.ProcessEnv => {
    const { PATH = '', HOME = '' } = process.env
    return { PATH, HOME, REFOLD_KAFKA: kafka!.address, REFOLD_TOPIC_PREFIX: 'shop', REFOLD_LOG_LEVEL: 'warn' }
  }
  const refold = (...words: string[]): string => {
    const { status, stdout, stderr } = spawnSync(process.execPath, commandOf(words), { cwd: folder, env: environment(), encoding: 'utf8' })
    expect(status, stderr).toBe(0)
    return stdout
  }
  const standing = (): NonNullable<ViewStanding['topic']> => (JSON.parse(refold('views', 'status', '--json')) as ViewStanding).topic!

  /** What it says on stderr, line by line. */
  const start = (...words: string[]): { heard: (text: string) => Promise<void> } => {
    const child = spawn(process.execPath, commandOf(words), { cwd: folder, env: environment(), stdio: ['ignore', 'ignore', 'pipe'] })
    ends.push(async () => {
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      await exit
    })
    const lines: string[] = []
    let bell = Promise.withResolvers<undefined>()
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line)
      bell.resolve(undefined)
      bell = Promise.withResolvers()
    })
    return {
      async heard(text) {
        while (!lines.some((line) => line.includes(text))) await bell.promise
      },
    }
  }

  test('stand still while they are paused, go on when they are resumed, and are rebuilt under it', { timeout: 120_000 }, async () => {
    refold('run', 'order-desk', '--run-id', 'first', '-m', 'Where is my order 17?')
    await start('relay', '--partitions', '2').heard('Carrying')
    const projector = start('project')
    await projector.heard('Following')
    refold('views', 'pause')
    await projector.heard('viewPaused')
    refold('run', 'order-desk', '--run-id', 'second', '-m', 'Where is my order 17?')
    while (standing().lag === 0) expect(standing().pausedSince).toEqual(expect.any(Number))
    refold('views', 'resume')
    await projector.heard('viewResumed')
    while (standing().lag > 0) expect(standing().pausedSince).toBeUndefined()
    const before = refold('query', 'timeline', '--json', '--limit', '100')
    refold('views', 'rebuild')
    expect(refold('query', 'timeline', '--json', '--limit', '100')).toBe(before)
    refold('run', 'order-desk', '--run-id', 'third', '-m', 'Where is my order 17?')
    while (standing().lag > 0) expect(standing().partitions).toHaveLength(2)
    expect(JSON.parse(refold('query', 'runs', '--json'))).toHaveLength(3)
  })
})
