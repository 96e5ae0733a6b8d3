import type { BlobStore } from '../src/blobs/blob-store.ts'
import { AppError } from '../src/errors.ts'
import { knownRestore } from '../src/consumers/restore-watch.ts'
import { createProjector } from '../src/consumers/projector.ts'
import { memoryEventLog } from '../src/eventlog/memory/memory-event-log.ts'
import { RUN_STREAM_PREFIX } from '../src/events/codec.ts'
import type { EventLog, StoredEvent } from '../src/eventlog/event-log.ts'
import type { RunEvent } from '../src/events/envelope.ts'
import { sha256 } from '../src/hash.ts'
import { memorySnapshotStore } from '../src/snapshots/snapshot-store.memory.ts'
import { memoryViewStore } from '../src/views/memory/memory-view-store.ts'
import type { ViewStore } from '../src/views/view-store.ts'
import { agentsWith } from './agents.ts'
import { asStored, createAuditor, type AuditedRun, type Auditor } from './auditor.ts'
import type { Chance } from '../src/evals/statistics/chance.ts'
import { fatesOf, LARGEST_CLOCK_STEP_MS, type Climate } from './chaos.ts'
import type { Code } from './code.ts'
import type { Life } from './life.ts'
import { outsideWorld, type OutsideWorld, type WorldLedger } from './outside-world.ts'
import type { Deed } from './tally.ts'
import type { VirtualTime } from './virtual-time.ts'
import { startWorker, type Cluster, type Worker } from './worker.ts'

/** A cluster of processes on one log, in a world that counts. */
/** Whoever has read a run before it moved may say so that long after: a slow log takes 20 s for an answer, and a read may ask it twice. */
const LONGEST_READ_MS = 45_000

export interface Stage {
  readonly log: EventLog
  readonly auditor: Auditor
  readonly world: OutsideWorld
  readonly cluster: Cluster
  workers(): readonly Worker[]
  /** Closes a process in good order; it is started again later. */
  retire(worker: Worker): void
  /** Ends whatever has other code than it should. */
  endOtherCode(): void
  /** Starts whatever is down. */
  startAll(): void
  /** Shows the auditor what was stored before: what was certain then need not be true of what came later. */
  recall(events: readonly StoredEvent[]): void
  /** Ends every process for good. */
  shut(): void
  /** Where the log ended after each append. */
  readonly ends: readonly number[]
  /** What another cluster finds that begins on a copy of the log. */
  readonly left: Omit<Beginning, 'log'>
}

/** What a cluster finds when it begins. */
export interface Beginning {
  readonly log: EventLog
  readonly views: ViewStore
  readonly payloads: Map<string, string>
  readonly ledger: WorldLedger
  /** Of processes that have ended. */
  readonly lives: number
}

export interface StageParts {
  readonly chance: Chance
  readonly time: VirtualTime
  readonly climate: () => Climate
  readonly workers: number
  readonly count: (deed: Deed) => void
  readonly tell: (line: () => string) => void
  readonly onEvent: (run: AuditedRun, event: RunEvent) => void
  readonly beginning?: Beginning | undefined
}

const noHands = { execute: () => Promise.reject(new Error('no hands')), lookUp: () => Promise.reject(new Error('no hands')) }
/** Programs and prompts are the same everywhere, so the auditor has its own. */
const agents = [...agentsWith(noHands), ...agentsWith(noHands, 'changed')]
const agentsById = Map.groupBy(agents, ({ id }) => id)
const promptHashes = new Map(agents.map(({ prompt, promptHash }) => [prompt.instructions, promptHash]))

const deedOf: Partial<Record<Code, Deed>> = {
  changed: 'changedCode',
  old: 'oldCode',
  brokenProjection: 'brokenProjections',
  brokenChart: 'brokenCharts',
}

const LONGEST_DOWNTIME_MS = 15_000
const LONGEST_CLOSING_MS = 3_000
const LARGEST_CLOCK_DIFFERENCE_MS = 2 * LARGEST_CLOCK_STEP_MS

export const setStage = (parts: StageParts): Stage => {
  const { chance, time, climate, count, tell } = parts
  const { beginning } = parts
  let isRecalling = false
  const payloads = beginning?.payloads ?? new Map<string, string>()
  const gone = new Set<string>()
  /** They let go what they cannot finish. */
  const closing = new Set<string>()
  const auditor = createAuditor({
    agents: agentsById,
    payloads,
    mayTakeOver: (owner, leaseUntil, at, by) =>
      isGone(owner) || at + LARGEST_CLOCK_DIFFERENCE_MS > leaseUntil || (by === 'nobody' && closing.has(owner)),
    onEvent: (run, event) => {
      if (event.type === 'RunMoved') movedAt = time.now()
      tell(() => eventLine(event))
      // What reaches a log that another one has taken the place of, nobody reads.
      if (!isRecalling && !isShut) world.note(event)
      parts.onEvent(run, event)
    },
  })
  const isGone = (owner: string): boolean => gone.has(owner) || Number(owner.split('/')[1]) <= (beginning?.lives ?? 0)
  let movedAt = Number.NEGATIVE_INFINITY
  const ends: number[] = []
  const log = auditedLog(beginning?.log ?? newLog(time), auditor, ends)
  const fates = fatesOf(chance, climate)
  const worldParts = { time, fates, books: auditor.books, problems: auditor.problems, count, tell }
  const world = outsideWorld(worldParts, beginning?.ledger)
  const views = beginning?.views ?? memoryViewStore()
  const slots: (Worker | undefined)[] = Array.from({ length: parts.workers }, () => undefined)
  let lives = beginning?.lives ?? 0
  let isShut = false

  const drawCode = (): Code => {
    if (!chance.hits(climate().otherCode)) return 'own'
    const code = chance.pick<Code>(['changed', 'changed', 'old', 'brokenProjection', 'brokenChart', 'brokenChart'])
    const deed = deedOf[code]
    if (deed !== undefined) count(deed)
    return code
  }

  const start = (slot: number): void => {
    if (slots[slot] === undefined && !isShut) slots[slot] = startWorker(cluster, `worker-${slot + 1}/${++lives}`, drawCode())
  }

  const crash = (life: Life): void => {
    if (!life.isAlive()) return
    count('crashes')
    tell(() => `${life.owner} CRASHES`)
    end(life)
  }

  const end = (life: Life): void => {
    if (!life.isAlive()) return
    life.end()
    gone.add(life.owner)
    const slot = slots.findIndex((worker) => worker?.life === life)
    slots[slot] = undefined
    time.schedule(chance.between(10, LONGEST_DOWNTIME_MS), () => start(slot))
  }

  const cluster: Cluster = {
    ...worldParts,
    log,
    blobs: sharedBlobs(payloads),
    crash,
    models: { ...worldParts, promptHashes, asked: new Map() },
    world,
    views,
    snapshots: memorySnapshotStore(),
    projector: createProjector({ log, views }),
    random: () => chance.next(),
    mayDiffer: (code) =>
      code !== 'own' || time.now() - movedAt < LONGEST_READ_MS || [...auditor.runs.values()].some(({ isOfOtherCode }) => isOfOtherCode),
    isGone: (owner) => climate().seesDeath && isGone(owner),
    // Nobody else knows of the runs in a copy.
    sweeps: climate().sweeps || beginning !== undefined,
    ...(beginning === undefined ? {} : { restore: knownRestore({ log, views, tell: () => undefined }).newest }),
    idleRunsInMemory: climate().idleRunsInMemory,
  }

  return {
    log,
    auditor,
    world,
    cluster,
    workers: () => slots.filter((worker) => worker !== undefined),
    retire: ({ life, runtime }) => {
      count('closings')
      tell(() => `${life.owner} closes`)
      closing.add(life.owner)
      void runtime.close(LONGEST_CLOSING_MS).then(() => end(life))
    },
    endOtherCode: () => {
      for (const worker of slots) if (worker !== undefined && worker.code !== 'own') end(worker.life)
    },
    startAll: () => {
      for (let slot = 0; slot < slots.length; slot++) start(slot)
    },
    recall: (events) => {
      isRecalling = true
      for (const event of events) auditor.stored(event)
      isRecalling = false
    },
    shut: () => {
      isShut = true
      for (const worker of slots) if (worker !== undefined) end(worker.life)
    },
    ends,
    get left() {
      return { views, payloads, ledger: world.ledger, lives }
    },
  }
}

export const newLog = (time: VirtualTime): EventLog =>
  memoryEventLog({ clock: { now: () => Math.floor(time.now()), setTimer: () => () => undefined } })

/** Whatever it stores, the auditor sees before anybody else does. */
const auditedLog = (log: EventLog, auditor: Auditor, ends: number[]): EventLog => {
  const heads = new Map<string, number>()
  return {
    ...log,
    async append(stream, expected, events) {
      const last = await log.append(stream, expected, events)
      ends.push(last.position)
      const isNew = last.revision > (heads.get(stream) ?? -1)
      heads.set(stream, Math.max(last.revision, heads.get(stream) ?? -1))
      // The log's own identity belongs to no run.
      if (isNew && stream.startsWith(RUN_STREAM_PREFIX)) for (const event of asStored(stream, events, last)) auditor.stored(event)
      return last
    },
  }
}

const sharedBlobs = (texts: Map<string, string>): BlobStore => ({
  async put(content) {
    const hash = sha256(content)
    texts.set(hash, Buffer.from(content as string).toString())
    return hash
  },
  get: async (hash) => textIn(texts, hash),
  getBytes: async (hash) => Buffer.from(textIn(texts, hash)),
  async remove(hash) {
    texts.delete(hash)
    return true
  },
  dropDrafts: () => Promise.resolve(),
})

const textIn = (texts: ReadonlyMap<string, string>, hash: string): string => {
  const text = texts.get(hash)
  if (text === undefined) throw new AppError('EventLogCorrupt', `Expected a blob ${hash}, found none`)
  return text
}

const eventLine = ({ runId, revision, type, data, meta }: RunEvent): string => {
  const facts = Object.entries(data).filter(([name]) =>
    ['callId', 'attempt', 'tool', 'parts', 'reason', 'message', 'class', 'owner', 'limit', 'outcome', 'timerId'].includes(name),
  )
  const words = facts.map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const asked = meta.intents === undefined ? '' : ` (${meta.intents.join(' ')})`
  return `${runId}@${revision} ${type} ${words.join(' ')} -> ${meta.to}${asked}`
}
