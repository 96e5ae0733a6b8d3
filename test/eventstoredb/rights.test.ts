import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newCertificate } from '../../servers/event-store/certificate.ts'
import { startStandIn, type StandIn } from '../../servers/event-store/event-store-stand-in.ts'
import { systemClock } from '../../src/clock.ts'
import { isAppError, type AppError } from '../../src/errors.ts'
import { eventStoreDbEventLog } from '../../src/eventlog/eventstoredb/eventstoredb-event-log.ts'
import type { EventLog } from '../../src/eventlog/event-log.ts'
import { loadClient } from '../../src/eventlog/eventstoredb/client.ts'
import { tlsFile } from './tls-file.ts'

const users = [
  { name: 'admin', password: 'changeit', groups: ['$admins'] },
  { name: 'desk', password: 'p@ss:word?', groups: ['refold'] },
  { name: 'other', password: 'other', groups: [] },
]

describe('a user of EventStoreDB who is no administrator', () => {
  let standIn: StandIn
  let authority: { readonly path: string; remove(): void }

  beforeAll(async () => {
    const tls = await newCertificate()
    authority = tlsFile(tls.certificate)
    standIn = await startStandIn({ tls, users })
  })
  afterAll(async () => {
    await standIn.stop()
    authority.remove()
  })

  const addressOf = (user: string, password: string): string =>
    `esdb://${user}:${encodeURIComponent(password)}@127.0.0.1:${standIn.port}?tls=true&tlsCaFile=${encodeURIComponent(authority.path)}`

  const setMetadata = async (stream: string, metadata: object): Promise<void> => {
    const connect = await loadClient('@eventstore/db-client')
    const admin = connect(addressOf('admin', 'changeit'))
    const id = crypto.randomUUID()
    const event = { id, type: '$metadata', contentType: 'application/json', data: metadata, metadata: new Uint8Array() } as const
    const any = { expectedRevision: 'any', streamState: 'any', requiresLeader: true } as const
    await admin.appendToStream(stream, [event], any)
    await admin.dispose()
  }

  const withLog = async <T>(user: string, password: string, use: (log: EventLog) => Promise<T>): Promise<T> => {
    const log = eventStoreDbEventLog({ connectionString: addressOf(user, password), clock: systemClock })
    try {
      return await use(log)
    } finally {
      await log.close()
    }
  }

  const refusal = async (work: Promise<unknown>): Promise<AppError> => {
    const error: unknown = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    if (!isAppError(error)) throw new Error('expected a refusal', { cause: error })
    return error
  }
  const event = () => ({ id: crypto.randomUUID(), type: 'Happened', data: '{}', meta: '{}' })
  const firstOf = async (items: AsyncIterable<unknown>): Promise<unknown> => {
    for await (const item of items) return item
    return undefined
  }

  test('is told that $all may not be read, and how that is given; then everything works', async () => {
    for (const look of [
      (log: EventLog) => log.head(),
      (log: EventLog) => firstOf(log.readAll()),
      (log: EventLog) => firstOf(log.subscribe()),
    ]) {
      const denied = await withLog('desk', 'p@ss:word?', (log) => refusal(look(log)))
      expect(denied).toMatchObject({ code: 'InvalidConfiguration', retryable: false, details: { right: '$r' } })
      expect(denied.message).toContain('to read $all')
      expect(denied.message).toContain('in the metadata of $all: {"$acl": {"$r": ["$admins", "NAME"]}}')
    }
    await setMetadata('$$$all', { $acl: { $r: ['$admins', 'refold'] } })
    await withLog('desk', 'p@ss:word?', async (log) => {
      await log.append('run.00-granted', 'no-stream', [event(), event()])
      expect(await firstOf(log.readAll({ filter: { streamPrefix: 'run.' } }))).toMatchObject({ stream: 'run.00-granted' })
      expect(await firstOf(log.subscribe({ filter: { streamPrefix: 'run.' } }))).toMatchObject({ event: { stream: 'run.00-granted' } })
      await log.truncateStream('run.00-granted', 1)
      await log.deleteStream('run.00-granted', 'any')
    })
  })

  test('is kept from streams of which the rights are of others, and told which right it is', async () => {
    await setMetadata('$settings', { $userStreamAcl: { $r: 'refold', $w: 'refold', $d: 'refold', $mr: 'refold', $mw: 'refold' } })
    await withLog('desk', 'p@ss:word?', async (log) => {
      await log.append('run.00-kept', 'no-stream', [event()])
    })
    const denied = await withLog('other', 'other', async (log) => [
      await refusal(firstOf(log.readStream('run.00-kept'))),
      await refusal(log.append('run.00-kept', 0, [event()])),
      await refusal(log.deleteStream('run.00-kept', 0)),
      await refusal(log.truncateStream('run.00-kept', 0)),
      await refusal(log.setMetadata('run.00-kept', {})),
      await refusal(log.getMetadata('run.00-kept')),
    ])
    expect(denied.map(({ code, details }) => [code, details['right']])).toEqual([
      ['InvalidConfiguration', '$r'],
      ['InvalidConfiguration', '$w'],
      ['InvalidConfiguration', '$d'],
      ['InvalidConfiguration', '$r'],
      ['InvalidConfiguration', '$mr'],
      ['InvalidConfiguration', '$mr'],
    ])
    for (const { message } of denied) expect(message).toContain('$userStreamAcl of the stream $settings')
  })

  test.each([
    ['a wrong password', 'desk', 'p@ss:w0rd?'],
    ['a name that nobody has', 'nobody', 'x'],
  ])('with %s is refused at once, whatever it wants', async (_, user, password) => {
    const began = Date.now()
    await withLog(user, password, async (log) => {
      const works = [() => log.head(), () => log.append('run.00-x', 'any', [event()]), () => firstOf(log.subscribe({ stream: 'run.00-x' }))]
      for (const work of works) {
        const { code, message } = await refusal(work())
        expect({ code, message }).toEqual({
          code: 'InvalidConfiguration',
          message: 'EventStoreDB does not accept the user and the password of the connection string',
        })
      }
    })
    expect(Date.now() - began).toBeLessThan(5_000)
  })
})
