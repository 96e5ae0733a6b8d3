import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { SECURE_USER } from '../../servers/kafka/broker-settings.ts'
import type { KafkaCluster } from '../../servers/kafka/kafka-cluster.ts'
import { startRefoldProcess, type RefoldProcess } from '../../servers/refold-process.ts'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import { topicsOf } from '../../src/consumers/topics.ts'
import { openKafkaBus, testKafka } from './test-kafka.ts'

const SUITE = 'worker, relay and projector as processes'
const kafka = await testKafka(SUITE)
/** Behind TLS too; a broker that is there already may have none. */
const ownKafka = kafka !== undefined && 'secure' in kafka ? (kafka as KafkaCluster) : undefined
const CONFIG = resolve(import.meta.dirname, '../../examples/order-desk/refold.config.ts')

const folders: string[] = []
const started: RefoldProcess[] = []
afterEach(async () => {
  for (const process of started.splice(0)) await process.kill()
})
afterAll(async () => {
  await kafka?.stop()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

interface Place {
  readonly folder: string
  /** Resolves once it works, with the address of its health. */
  start(words: readonly string[], environment?: Readonly<Record<string, string>>): Promise<string>
}

const newPlace = (environment: Readonly<Record<string, string>>): Place => {
  const folder = mkdtempSync(join(tmpdir(), 'refold-processes-'))
  folders.push(folder)
  return {
    folder,
    async start(words) {
      const process = startRefoldProcess({
        words: [...words, '--health-port', '0'],
        config: CONFIG,
        folder,
        environment: { REFOLD_LOG_LEVEL: 'error', ...environment },
      })
      started.push(process)
      const url = /http\S+/.exec(await process.ready)?.[0] ?? ''
      await isReady(url)
      return url
    },
  }
}

const isReady = async (url: string): Promise<void> => {
  for (;;) {
    const response = await fetch(`${url}/readyz`)
    if (response.ok) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Once the number is as expected; what is read may be a moment behind what was seen on the bus. */
const metric = async (url: string, line: RegExp): Promise<void> => {
  for (;;) {
    const text = await (await fetch(`${url}/metrics`)).text()
    if (line.test(text)) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

const command = { type: 'startRun', commandId: 'c-1', runId: 'from-kafka', agent: 'order-desk', message: 'Where is my order 17?' }

describe.skipIf(kafka === undefined)('the order desk behind Kafka', { timeout: 90_000 }, () => {
  test('is started by a command of another program, and tells it of every event, in order', async () => {
    const topics = topicsOf('desk')
    const place = newPlace({ REFOLD_KAFKA: kafka!.address, REFOLD_TOPIC_PREFIX: 'desk' })
    const relay = await place.start(['relay', '--partitions', '2'])
    const worker = await place.start(['worker'])
    const projector = await place.start(['project'])

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
    const send = (value: string): Promise<void> =>
      publisher.publish([{ topic: topics.commands, messages: [{ key: 'from-kafka', value, headers: {} }] }])
    await send(JSON.stringify(command))
    await done.promise
    await send('no command')

    const first = seen.filter(({ revision }, at) => seen.findIndex((other) => other.revision === revision) === at)
    expect(first.map(({ revision }) => revision)).toEqual(first.map((_, index) => index))
    expect(first[0]?.type).toBe('RunStarted')

    await metric(relay, new RegExp(`^refold_relay_events_total ${first.length}$`, 'm'))
    await metric(relay, /^refold_relay_lag_events 0$/m)
    await metric(relay, /^refold_relay_lag_seconds 0$/m)
    await metric(worker, /^refold_effects_total\{result="ToolCallSucceeded"\} 2$/m)
    await metric(worker, /^refold_effects_under_way 0$/m)
    await metric(worker, /^refold_commands_refused_total\{code="InvalidInput"\} 1$/m)
    await metric(worker, /^refold_messages_published_total\{topic="desk.commands.dlq"\} 1$/m)
    await metric(worker, /^refold_commands_waiting 0$/m)
    await metric(projector, /^refold_view_lag_messages 0$/m)
    await metric(projector, new RegExp(`^refold_view_events_total\\{outcome="taken"\\} ${first.length}$`, 'm'))

    await consumer.close()
    await publisher.close()
    await bus.close()
    for (const process of started.splice(0)) expect(await process.stop()).toBe(0)
  })

  test.skipIf(ownKafka === undefined)('ends in time though the broker is gone', async () => {
    const place = newPlace({ REFOLD_KAFKA: ownKafka!.address, REFOLD_TOPIC_PREFIX: 'gone', REFOLD_GRACE_SECONDS: '1' })
    await place.start(['relay', '--partitions', '1'])
    const urls = [await place.start(['worker']), await place.start(['project'])]
    await ownKafka!.kill()
    for (const url of urls) {
      // What was answered a moment ago is not asked again.
      await vi.waitFor(
        async () => {
          const answer = await fetch(`${url}/readyz`)
          expect([answer.status, await answer.json()]).toEqual([503, { status: 'waiting', noAnswerFrom: ['bus'] }])
        },
        { timeout: 15_000, interval: 250 },
      )
      expect((await fetch(`${url}/healthz`)).status).toBe(200)
    }
    const begun = performance.now()
    const codes = await Promise.all(started.splice(0).map((process) => process.stop()))
    expect(codes.filter((code) => code !== exitCodes.ok && code !== exitCodes.interrupted)).toEqual([])
    expect(performance.now() - begun).toBeLessThan(10_000)
    await ownKafka!.start()
  })

  test.skipIf(ownKafka === undefined)('speaks to brokers behind TLS, as a user with a password', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'refold-authority-'))
    folders.push(folder)
    const authority = join(folder, 'ca.pem')
    writeFileSync(authority, ownKafka!.secure.ca)
    const place = newPlace({
      REFOLD_KAFKA: ownKafka!.secure.address,
      REFOLD_KAFKA_CA: authority,
      REFOLD_KAFKA_USERNAME: SECURE_USER.username,
      REFOLD_KAFKA_PASSWORD: SECURE_USER.password,
      REFOLD_KAFKA_MECHANISM: 'plain',
      REFOLD_KAFKA_REPLICATION: '1',
      REFOLD_TOPIC_PREFIX: 'secure',
    })
    await place.start(['relay', '--partitions', '1'])
    await place.start(['worker'])
    for (const process of started.splice(0)) expect(await process.stop()).toBe(0)
  })
})
