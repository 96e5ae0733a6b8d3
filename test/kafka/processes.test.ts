import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { startRefoldProcess, type RefoldProcess } from '../../servers/refold-process.ts'
import { topicsOf } from '../../src/consumers/topics.ts'
import { openKafkaBus, testKafka } from './test-kafka.ts'

const SUITE = 'worker, relay and projector as processes'
const kafka = await testKafka(SUITE)
const CONFIG = resolve(import.meta.dirname, '../../examples/order-desk/refold.config.ts')

describe.skipIf(kafka === undefined)('the order desk behind Kafka', () => {
  const folder = mkdtempSync(join(tmpdir(), 'refold-processes-'))
  const started: RefoldProcess[] = []
  afterAll(async () => {
    for (const process of started) await process.stop()
    await kafka?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('is started by a command of another program, and tells it of every event, in order', { timeout: 90_000 }, async () => {
    const { address } = kafka!
    const start = async (...words: string[]): Promise<void> => {
      const process = startRefoldProcess({
        words,
        config: CONFIG,
        folder,
        environment: { REFOLD_KAFKA: address, REFOLD_LOG_LEVEL: 'error' },
      })
      started.push(process)
      await process.ready
    }
    await start('relay', '--partitions', '2')
    await start('worker')
    await start('project')

    const topics = topicsOf('refold')
    const { bus } = openKafkaBus(kafka!)
    const seen: { type: string; revision: number }[] = []
    const done = Promise.withResolvers<undefined>()
    const consumer = bus.consume({
      group: 'another-program',
      topics: [topics.events],
      handle: ({ messages }) => {
        for (const { key, headers } of messages) {
          if (key !== 'from-kafka') continue
          seen.push({ type: headers['ce_type'] ?? '', revision: Number(headers['refold-revision']) })
          if (headers['ce_type'] === 'TurnCompleted') done.resolve(undefined)
        }
        return Promise.resolve(undefined)
      },
    })
    const publisher = await bus.openPublisher()
    const command = { type: 'startRun', commandId: 'c-1', runId: 'from-kafka', agent: 'order-desk', message: 'Where is my order 17?' }
    await publisher.publish([{ topic: topics.commands, messages: [{ key: 'from-kafka', value: JSON.stringify(command), headers: {} }] }])
    await done.promise
    await consumer.close()
    await publisher.close()
    await bus.close()

    const first = seen.filter(({ revision }, at) => seen.findIndex((other) => other.revision === revision) === at)
    expect(first.map(({ revision }) => revision)).toEqual(first.map((_, index) => index))
    expect(first[0]?.type).toBe('RunStarted')
    for (const process of started.splice(0)) expect(await process.stop()).toBe(0)
  })
})
