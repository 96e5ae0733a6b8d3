import { chmodSync, closeSync, fdatasyncSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../../src/errors.ts'
import { spreadOf } from '../rounds.ts'
import { runProcess, type Job } from './peer-process.ts'
import type { Peer, PeerName } from './peer.ts'
import type { PeerServer, PeerServers } from './peer-servers.ts'

export interface Amounts {
  readonly rounds: number
  /** Of runs that are alone. */
  readonly turns: readonly number[]
  /** At once. */
  readonly runs: readonly number[]
  readonly killed: number
}

export interface Subject {
  readonly name: PeerName
  readonly peer: Peer
  readonly product: string
  /** Where its packages are. */
  readonly packages: string
}

/** By the key of the row, one figure of each round in which it could be measured. */
export type Figures = Map<string, number[]>

export interface MeasuredPeer {
  readonly figures: Figures
  /** What could not be measured, and why. */
  readonly failures: string[]
}

export interface Row {
  readonly key: string
  readonly what: string
  readonly digits: number
}

/** Runs that are many at once, or killed, have so many turns each. */
const TURNS = 10
const stepsOf = (turns: number): number => 2 * turns + 1

export const rowsOf = ({ turns, runs, killed }: Amounts): readonly Row[] => [
  ...turns.flatMap((each) => [
    { key: `alone ${each}`, what: `one run of ${each} turns, ms a step`, digits: 2 },
    { key: `alone ${each} cpu`, what: 'CPU, ms a step', digits: 2 },
  ]),
  ...runs.flatMap((each) => [
    { key: `together ${each}`, what: `${each.toLocaleString('en')} runs at once, steps/s`, digits: 0 },
    { key: `together ${each} cpu`, what: 'CPU, ms a step', digits: 2 },
    { key: `together ${each} mb`, what: 'peak memory, MB', digits: 0 },
    { key: `together ${each} server mb`, what: 'and of its server, MB', digits: 0 },
  ]),
  { key: 'killed', what: `${killed} runs killed at half of their calls, seconds until all are done`, digits: 2 },
  { key: 'twice', what: 'tool calls made twice', digits: 0 },
  { key: 'look', what: `first look at step ${longest(turns)} of ${stepsOf(longest(turns))}, ms`, digits: 1 },
]

/** In such a run the step of this number is the one in the middle, which is looked at. */
const longest = (turns: readonly number[]): number => Math.max(...turns)

export interface Measuring {
  readonly folder: string
  readonly servers: PeerServers
  readonly progress: (what: string) => void
}

export interface Measured {
  readonly peers: ReadonlyMap<PeerName, MeasuredPeer>
  /** Milliseconds for a flush of 2 kB, beside each peer in each round. */
  readonly flushMs: readonly number[]
}

/** Each peer in turn, in every other round from the last to the first, so that what changes on the machine meets all alike. */
export const measureAll = async (subjects: readonly Subject[], amounts: Amounts, measuring: Measuring): Promise<Measured> => {
  const peers = new Map<PeerName, MeasuredPeer>(subjects.map(({ name }) => [name, { figures: new Map(), failures: [] }]))
  const flushMs: number[] = []
  for (let round = 0; round < amounts.rounds; round++) {
    for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
      const measured = peers.get(subject.name)
      if (measured === undefined) continue
      flushMs.push(flushTime(measuring.folder))
      const progress = (what: string): void => {
        measuring.progress(`round ${round + 1} of ${amounts.rounds}: ${subject.peer.title}, ${what}`)
      }
      await measureOne(subject, amounts, { ...measuring, progress }, measured)
    }
  }
  return { peers, flushMs }
}

const measureOne = async (subject: Subject, amounts: Amounts, measuring: Measuring, { figures, failures }: MeasuredPeer): Promise<void> => {
  const attempt = async (what: string, work: (place: Place) => Promise<Readonly<Record<string, number>>>): Promise<void> => {
    measuring.progress(what)
    try {
      const measured = await inNewPlace(subject, measuring, work)
      for (const [key, figure] of Object.entries(measured)) figures.set(key, [...(figures.get(key) ?? []), figure])
    } catch (error) {
      failures.push(`${what}: ${messageOf(error)}`)
      measuring.progress(`${what}: not measured: ${messageOf(error)}`)
    }
  }
  for (const turns of amounts.turns) {
    await attempt(`one run of ${turns} turns`, (place) => alone(subject, amounts, place, turns))
  }
  for (const runs of amounts.runs) await attempt(`${runs.toLocaleString('en')} runs at once`, (place) => together(subject, place, runs))
  await attempt(`${amounts.killed} runs killed`, (place) => killed(subject, place, amounts.killed))
}

interface Place {
  readonly folder: string
  readonly server: PeerServer | undefined
}

const inNewPlace = async <Result>(
  { peer, packages }: Subject,
  measuring: Measuring,
  work: (place: Place) => Promise<Result>,
): Promise<Result> => {
  const folder = mkdtempSync(join(measuring.folder, 'peer-'))
  const server = peer.server === undefined ? undefined : await measuring.servers.start(peer.server, folder, packages)
  try {
    return await work({ folder, server })
  } finally {
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

type Where = Pick<Job, 'product' | 'folder' | 'server'>
const where = ({ product }: Subject, { folder, server }: Place): Where => {
  const own = join(folder, 'own')
  mkdirSync(own, { recursive: true })
  return { product, folder: own, ...(server === undefined ? {} : { server: server.address }) }
}

const LONG = 100
const timesOf = (turns: number): number => (turns >= LONG ? 3 : 7)

const alone = async (subject: Subject, amounts: Amounts, place: Place, turns: number): Promise<Record<string, number>> => {
  const look = turns === longest(amounts.turns) ? { lookAt: turns } : {}
  const job = { work: 'alone' as const, turns, times: timesOf(turns), ...look, ...where(subject, place) }
  const { msPerStep, cpuMsPerStep, lookMs } = await found(runProcess(job, subject.peer.environment))
  return {
    [`alone ${turns}`]: spreadOf(msPerStep).median,
    [`alone ${turns} cpu`]: spreadOf(cpuMsPerStep).median,
    ...(lookMs.length === 0 ? {} : { look: spreadOf(lookMs).median }),
  }
}

const together = async (subject: Subject, place: Place, runs: number): Promise<Record<string, number>> => {
  const job = { work: 'together' as const, turns: TURNS, runs, ...where(subject, place) }
  const { stepsPerSecond, cpuMsPerStep, peakMb, serverPeakMb } = await found(runProcess(job, subject.peer.environment))
  const at = `together ${runs}`
  return {
    [at]: stepsPerSecond,
    [`${at} cpu`]: cpuMsPerStep,
    [`${at} mb`]: peakMb,
    ...(place.server === undefined ? {} : { [`${at} server mb`]: serverPeakMb }),
  }
}

const found = async <Result>(work: Promise<Result | undefined>): Promise<Result> => {
  const result = await work
  if (result === undefined) throw new Error('something has killed it')
  return result
}

const KILLED_AT = 0.5

/** A process is killed with the call that is half of all, of the model and of tools; another one does the rest. */
const killed = async (subject: Subject, place: Place, runs: number): Promise<Record<string, number>> => {
  const calls = join(place.folder, 'calls')
  const job = { turns: TURNS, runs, calls, ...where(subject, place) }
  const killAt = Math.ceil(runs * stepsOf(TURNS) * KILLED_AT)
  const whole = await runProcess({ ...job, work: 'begin', killAt }, subject.peer.environment)
  if (whole !== undefined) throw new Error('all its runs were done before it could be killed')
  const began = performance.timeOrigin + performance.now()
  const { doneAt } = await found(runProcess({ ...job, work: 'goOn' }, subject.peer.environment))
  const toolCalls = callsIn(calls).filter((call) => call.startsWith('tool '))
  return { killed: (doneAt - began) / 1_000, twice: toolCalls.length - new Set(toolCalls).size }
}

const callsIn = (path: string): readonly string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1)

const FLUSHES = 100
const FLUSHED_BYTES = 2_048

/** The median of some. */
const flushTime = (folder: string): number => {
  const path = join(folder, 'flushed')
  const file = openSync(path, 'w')
  const times = Array.from({ length: FLUSHES }, () => {
    const began = performance.now()
    writeSync(file, Buffer.alloc(FLUSHED_BYTES, 'x'))
    fdatasyncSync(file)
    return performance.now() - began
  })
  closeSync(file)
  rmSync(path)
  return spreadOf(times).median
}

/** Calls `work` with a folder on that disk, and lets servers put their files there too. */
export const withFolder = async <Result>(place: string, work: (folder: string) => Promise<Result>): Promise<Result> => {
  const folder = mkdtempSync(join(place, 'data-'))
  // A Postgres that runs as a user of its own has to get through.
  chmodSync(folder, 0o755)
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = folder
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', remove)
  try {
    return await work(folder)
  } finally {
    process.off('exit', remove)
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
    remove()
  }
}
