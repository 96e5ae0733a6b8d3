import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import { configs, newPlace, type Place, type Ran } from './run-refold.ts'

/** Each ends in letters that stand nowhere else, in whatever form it is shown. */
const SECRETS = {
  eventStore: 'es-9f3kqXvWjz',
  postgres: 'pg-9f3kqXvWjz',
  kafka: 'ka-9f3kqXvWjz',
  openai: 'sk-oa-9f3kqXvWjz',
  anthropic: 'sk-an-9f3kqXvWjz',
  base: 'bu-9f3kqXvWjz',
}
const TRACE = '9f3kqXvWjz'

let place: Place
let server: Server
let url = ''

beforeAll(async () => {
  place = newPlace()
  // Quotes every header that it was sent.
  server = createServer((request, response) => {
    response.writeHead(401, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ error: { type: 'auth', message: `no such key: ${JSON.stringify(request.headers)}` } }))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  url = `127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  place.remove()
})

const expectNoSecret = ({ stdout, stderr }: Pick<Ran, 'stdout' | 'stderr'>): void => {
  expect(stdout).not.toContain(TRACE)
  expect(stderr).not.toContain(TRACE)
}

const es = (rest: string, credentials = `admin:${SECRETS.eventStore}@`, scheme = 'esdb'): string => `${scheme}://${credentials}${rest}`
const pg = (rest: string, password = SECRETS.postgres): string => `postgres://refold:${password}@${rest}`

const EVENT_STORES: readonly (readonly [string, string, RegExp])[] = [
  ['a misspelt option', es('127.0.0.1:1?tsl=false'), /the option "tsl", which the client does not know/],
  ['a misspelt second option', es('127.0.0.1:1?tls=false&keepAlive=1'), /the option "keepAlive"/],
  ['a port that is no number', es('127.0.0.1:port?tls=false'), /expected port number/],
  ['an option without a value', es('127.0.0.1:1?tls'), /expected \?key=value/],
  ['an option of another value', es('127.0.0.1:1?tls=maybe'), /expected true or false/],
  ['a number that is none', es('127.0.0.1:1?tls=false&keepAliveInterval=soon'), /expected Integer/],
  ['no host', es(''), /expected host/],
  ['no host behind the password', es('', `admin:${SECRETS.eventStore}`), /expected port number/],
  ['a password with odd characters', es('127.0.0.1:1?tls=false', `admin:a?b=${SECRETS.eventStore}&c/@@`), /ECONNREFUSED|not usable/],
  ['a file that is not there', es('127.0.0.1:1?tls=true&tlsCAFile=%2Fno%2Fsuch.pem'), /certificate file/],
  ['another protocol', es('127.0.0.1:1', undefined, 'http'), /expected a connection string as esdb/],
  ['the protocol of the other client', es('127.0.0.1:1', undefined, 'kurrentdb'), /expected esdb:\/\//],
]

describe('no secret is shown of a connection string of EventStoreDB with', () => {
  test.each(EVENT_STORES)('%s', async (_, REFOLD_EVENTSTORE, why) => {
    const ran = await place.refold('run clerk -m hi', {
      environment: { REFOLD_EVENTSTORE, REFOLD_POSTGRES: pg('127.0.0.1:1/db'), REFOLD_LOG_LEVEL: 'trace' },
    })
    expectNoSecret(ran)
    expect(ran.stderr).toMatch(why)
    expect([exitCodes.configuration, exitCodes.store]).toContain(ran.exitCode)
  })

  test('an option that has no effect, and with its client told to say everything', async () => {
    const environment = { REFOLD_EVENTSTORE: es('127.0.0.1:1?tlsVerifyCert=false'), REFOLD_POSTGRES: pg('127.0.0.1:1/db'), DEBUG: '*' }
    expectNoSecret(await place.refold('run clerk -m hi', { environment }))
    expectNoSecret(await place.refold('run clerk -m hi', { environment: { ...environment, REFOLD_EVENTSTORE: es('127.0.0.1:x') } }))
  })

  test.each([
    ['misspelt', 'kurrentdb', '127.0.0.1:1?tsl=false', /the option "tsl"/],
    ['another value', 'kurrentdb+discover', '127.0.0.1:1?tls=maybe', /expected true or false/],
    ['the old protocol', 'esdb', '127.0.0.1:1?tls=false', /Postgres|ECONNREFUSED/],
  ])('%s, through the client of KurrentDB', async (_, scheme, rest, why) => {
    const environment = {
      REFOLD_EVENTSTORE_CLIENT: '@kurrent/kurrentdb-client',
      REFOLD_EVENTSTORE: es(rest, undefined, scheme),
      REFOLD_POSTGRES: pg('127.0.0.1:1/db'),
    }
    const ran = await place.refold('run clerk -m hi', { environment })
    expectNoSecret(ran)
    expect(ran.stderr).toMatch(why)
  })
})

describe('what the client of EventStoreDB takes is taken:', () => {
  test.each([
    es('a:2113,b:2113,c:2113?tls=true'),
    es('a:2113,b:2113?tls=false&nodePreference=leader', ''),
    es('cluster.example?tls=true', undefined, 'esdb+discover'),
    es('127.0.0.1:1/?tls=false', 'ad%40min:p%40ss%3Aword%3F@'),
    es('127.0.0.1:1?TLS=false&keep_alive_interval=20000', 'admin:pass?word@'),
  ])('%s', async (REFOLD_EVENTSTORE) => {
    const { stderr } = await place.refold('run clerk -m hi', { environment: { REFOLD_EVENTSTORE, REFOLD_POSTGRES: pg('127.0.0.1:1/db') } })
    expect(stderr).toMatch(/^refold: StoreUnavailable: .*ECONNREFUSED 127\.0\.0\.1:1/)
  })
})

const BROKEN_ELSEWHERE: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['an address of Postgres that cannot be decoded', { REFOLD_POSTGRES: pg('127.0.0.1:1/db', `${SECRETS.postgres}%ZZ`) }],
  ['a file for Postgres that is not there', { REFOLD_POSTGRES: pg(`127.0.0.1:1/db?sslrootcert=/no/such.pem&sslpassword=${SECRETS.base}`) }],
  ['a port of Postgres that is none', { REFOLD_POSTGRES: pg('127.0.0.1:99999/db') }],
  ['a Postgres that is not there', { REFOLD_POSTGRES: pg('127.0.0.1:1/db') }],
  ['a host of Postgres that is not there', { REFOLD_POSTGRES: pg('no-such-host.invalid/db') }],
  ['a Postgres without EventStoreDB', { REFOLD_EVENTSTORE: '' }],
  ['brokers with credentials', { REFOLD_KAFKA: `desk:${SECRETS.kafka}@127.0.0.1:1` }],
  ['a mechanism that is none', { REFOLD_KAFKA: '127.0.0.1:1', REFOLD_KAFKA_MECHANISM: SECRETS.kafka }],
  ['an authority that is not there', { REFOLD_KAFKA: '127.0.0.1:1', REFOLD_KAFKA_CA: '/no/such.pem' }],
]

describe('no secret is shown of an environment with', () => {
  // At once: each waits for a server that is not there for as long as a pool of Postgres does.
  test.concurrent.each(BROKEN_ELSEWHERE)('%s', { timeout: 120_000 }, async (_, broken) => {
    const environment = {
      REFOLD_EVENTSTORE: es('127.0.0.1:1?tls=false'),
      REFOLD_POSTGRES: pg('127.0.0.1:1/db'),
      REFOLD_KAFKA: '127.0.0.1:1',
      REFOLD_KAFKA_USERNAME: 'desk',
      REFOLD_KAFKA_PASSWORD: SECRETS.kafka,
      OPENAI_API_KEY: SECRETS.openai,
      ANTHROPIC_API_KEY: SECRETS.anthropic,
      REFOLD_LOG_LEVEL: 'trace',
      ...broken,
    }
    for (const command of ['worker', 'doctor', 'list --json']) {
      // A process waits for a server that is not there.
      const ran = await place.refold(command, { environment, endsAt: /Not ready: / })
      expectNoSecret(ran)
      expect(ran.exitCode).not.toBe(exitCodes.internal)
    }
  })

  test('a Kafka that is not there', { timeout: 120_000 }, async () => {
    const environment = {
      REFOLD_KAFKA: '127.0.0.1:1',
      REFOLD_KAFKA_USERNAME: 'desk',
      REFOLD_KAFKA_PASSWORD: SECRETS.kafka,
      REFOLD_LOG_LEVEL: 'trace',
    }
    const ran = await place.refold('views status', { environment })
    expect(ran.exitCode).not.toBe(exitCodes.ok)
    expectNoSecret(ran)
  })
})

describe('no key of a vendor is shown or recorded', () => {
  const config = configs.vendors

  test.each(['openai', 'anthropic'] as const)('that a server quotes: %s', async (agent) => {
    const environment = {
      OPENAI_API_KEY: SECRETS.openai,
      OPENAI_BASE_URL: `http://${url}/v1`,
      ANTHROPIC_API_KEY: SECRETS.anthropic,
      ANTHROPIC_BASE_URL: `http://${url}`,
      REFOLD_LOG_LEVEL: 'trace',
    }
    const ran = await place.refold(`run ${agent} --run-id ${agent} -m hi`, { config, environment })
    expect(ran.stderr).toContain('no such key')
    expectNoSecret(ran)
    // Without the environment nothing knows what to hide: it was never recorded.
    const keyless = { OPENAI_API_KEY: 'another-key', ANTHROPIC_API_KEY: 'another-key' }
    const exported = await place.refold(`export ${agent}`, { config, environment: keyless })
    expect(exported.stdout).toContain('no such key')
    expectNoSecret(exported)
  })

  test.each([
    ['a key with a line break', { OPENAI_API_KEY: `${SECRETS.openai}\n${SECRETS.openai}` }],
    ['a key with odd characters', { OPENAI_API_KEY: `${SECRETS.openai}é` }],
    ['a base URL with a password', { OPENAI_API_KEY: SECRETS.openai, OPENAI_BASE_URL: `http://me:${SECRETS.base}@127.0.0.1:1` }],
    ['a base URL that is none', { OPENAI_API_KEY: SECRETS.openai, OPENAI_BASE_URL: `me:${SECRETS.base}@127.0.0.1:1` }],
  ])('of %s', async (_, broken) => {
    const environment = { ANTHROPIC_API_KEY: SECRETS.anthropic, REFOLD_LOG_LEVEL: 'trace', ...broken }
    const ran = await place.refold('run openai -m hi', { config, environment })
    expect(ran.exitCode).toBe(exitCodes.configuration)
    expectNoSecret(ran)
    expectNoSecret(await place.refold('doctor', { config, environment }))
  })
})

test('an error of an event log that cannot be reached or read holds no password, down to its cause', async () => {
  const { eventStoreDbEventLog } = await import('../../src/eventlog/eventstoredb/eventstoredb-event-log.ts')
  const { systemClock } = await import('../../src/clock.ts')
  for (const rest of ['127.0.0.1:1?tls=false', '127.0.0.1:1?tsl=false', '127.0.0.1:x', '127.0.0.1:1?tls=maybe']) {
    const log = eventStoreDbEventLog({ connectionString: es(rest), clock: systemClock, appendTimeoutMs: 50 })
    const thrown: unknown = await log.head().catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(Error)
    expect(inspect(thrown, { depth: 10, showHidden: true })).not.toContain(TRACE)
    await log.close()
  }
})
