import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StandInUser } from './access.ts'
import type { Faults, Report, Request } from './faults.ts'

/** A stand-in for EventStoreDB in a process of its own, so that it can be frozen and killed. */
export interface StandIn {
  readonly port: number
  readonly connectionString: string
  /** Resolves once the faults are in force; what is left out stays as it was. */
  set(faults: Partial<Faults>): Promise<void>
  /** The conversations that appends come in now are never answered again; new ones are. */
  wedge(): Promise<void>
  /** Gives the answers that were kept back. */
  answerLate(): Promise<void>
  endSubscriptions(how?: { readonly code: number; readonly details: string }): Promise<void>
  /** Resolves once so many appends have arrived since the start. */
  arrived(appends: number): Promise<void>
  /** What is deleted and truncated is gone from the whole log, too. */
  scavenge(): Promise<void>
  report(): Promise<Report>
  /** It goes on listening, but nothing runs any more. */
  freeze(): boolean
  thaw(): boolean
  /** As a crash does. */
  kill(): Promise<void>
  /** As an operator does. */
  terminate(): Promise<void>
  /** On the same port; with a file it holds what it held before. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** What it is started with beside its port and its file. */
export interface StandInSettings {
  /** PEM; without them it speaks no TLS, and clients tell it no users. */
  readonly tls?: { readonly key: string; readonly certificate: string }
  /** Who may log in; where absent, everybody may do everything. */
  readonly users?: readonly StandInUser[]
}

interface StandInOptions extends StandInSettings {
  /** Of the SQLite file that keeps the events; in memory where absent. */
  readonly path?: string
}

export const startStandIn = async ({ path = '', ...settings }: StandInOptions = {}): Promise<StandIn> => {
  let process = await start(0, path, settings)
  const { port } = process
  const ask = (request: Request): Promise<unknown> => process.ask(request)
  return {
    port,
    connectionString: `esdb://127.0.0.1:${port}?tls=${settings.tls !== undefined}`,
    async set(faults) {
      await ask({ do: 'set', faults })
    },
    async wedge() {
      await ask({ do: 'wedge' })
    },
    async answerLate() {
      await ask({ do: 'answerLate' })
    },
    async endSubscriptions(how) {
      await ask({ do: 'endSubscriptions', ...how })
    },
    async arrived(appends) {
      await ask({ do: 'awaitAppends', appends })
    },
    async scavenge() {
      await ask({ do: 'scavenge' })
    },
    report: async () => (await ask({ do: 'report' })) as Report,
    freeze: () => process.child.kill('SIGSTOP'),
    thaw: () => process.child.kill('SIGCONT'),
    kill: () => end(process.child, 'SIGKILL'),
    terminate: () => end(process.child, 'SIGTERM'),
    async restart() {
      process = await start(port, path, settings)
    },
    stop: () => end(process.child, 'SIGKILL'),
  }
}

export interface DurableStandIn extends StandIn {
  /** Of the file that holds the events. */
  readonly path: string
}

/** One whose events outlive its process, until it is stopped. */
export const startDurableStandIn = async (): Promise<DurableStandIn> => {
  const folder = await mkdtemp(join(tmpdir(), 'refold-event-store-'))
  const path = join(folder, 'log.db')
  const standIn = await startStandIn({ path })
  return {
    ...standIn,
    path,
    async stop() {
      await standIn.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

interface StandInProcess {
  readonly child: ChildProcess
  readonly port: number
  ask(request: Request): Promise<unknown>
}

const start = async (wantedPort: number, path: string, settings: StandInSettings): Promise<StandInProcess> => {
  const child = fork(join(import.meta.dirname, 'main.ts'), [String(wantedPort), path, JSON.stringify(settings)], {
    execArgv: ['--conditions=refold:source'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  const waiting = new Map<number, (answer: unknown) => void>()
  let lastId = 0
  child.on('message', ({ id, answer }: { id: number; answer: unknown }) => {
    waiting.get(id)?.(answer)
    waiting.delete(id)
  })
  return {
    child,
    port,
    ask: (request) =>
      new Promise((resolve) => {
        lastId += 1
        waiting.set(lastId, resolve)
        child.send({ id: lastId, request })
      }),
  }
}

const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}
