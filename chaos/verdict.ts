import { setTimeout as pause } from 'node:timers/promises'
import { hadTwice, type Ledger } from '../simulation/ledger.ts'
import { viewDifferences } from '../simulation/view-differences.ts'
import { fromMessage } from '../src/consumers/event-message.ts'
import { runIdOf } from '../src/events/codec.ts'
import type { OpenRefold } from '../src/open-refold.ts'
import { hasEnded, type Histories } from './histories.ts'
import type { RequestedRun } from './load.ts'
import type { Stage } from './stage.ts'

/** What must not happen, counted; each with words for whoever looks for the reason. */
export interface Verdict {
  /** Events of the log that another program was not told of, or not in their place. */
  readonly lostEvents: readonly string[]
  /** Runs whose command was acknowledged and that never began. */
  readonly lostRuns: readonly string[]
  /** Runs that have not come to an end. */
  readonly stuckRuns: readonly string[]
  /** `once` effects that were had more than once. */
  readonly onceTwice: readonly string[]
  /** Rows that are not what a fold of the log gives, and runs that do not refold to what was recorded. */
  readonly viewDifferences: readonly string[]
}

/** What is looked at. */
export interface Scene extends Pick<Stage, 'kafka'> {
  readonly refold: Pick<OpenRefold, 'log' | 'views' | 'run'>
  readonly ledger: Pick<Ledger, 'lines'>
}

export interface Judged {
  readonly scene: Scene
  readonly histories: Histories
  readonly requested: readonly RequestedRun[]
  /** All runs that began meanwhile, those that runs have asked for among them. */
  readonly runIds: readonly string[]
  /** So long the relay may take to tell what is in the log. */
  readonly relayWithinMs: number
}

export const judge = async ({ scene, histories, requested, runIds, relayWithinMs }: Judged): Promise<Verdict> => {
  const known = new Set(runIds)
  return {
    lostEvents: await stillUntold(scene, { histories, runIds, relayWithinMs }),
    lostRuns: requested.flatMap(({ runId }) => (histories.of(runId).length === 0 ? [`${runId} was acknowledged and never began`] : [])),
    stuckRuns: runIds.flatMap((runId) => {
      const history = histories.of(runId)
      const last = history.at(-1)
      return hasEnded(history) || last === undefined ? [] : [`${runId} stands at revision ${last.revision}, ${last.type}: ${last.meta}`]
    }),
    onceTwice: hadTwice(scene.ledger.lines()).filter((key) => known.has(key.slice(0, key.lastIndexOf('/')))),
    viewDifferences: [...(await viewDifferences(scene.refold.log, scene.refold.views)), ...(await unexplained(scene, runIds))],
  }
}

const LOOK_EVERY_MS = 500

/** The relay may be behind the log; what is missing then is not lost yet. */
const stillUntold = async (
  scene: Scene,
  { histories, runIds, relayWithinMs }: Pick<Judged, 'histories' | 'runIds' | 'relayWithinMs'>,
): Promise<string[]> => {
  const deadline = performance.now() + relayWithinMs
  for (;;) {
    const missing = await untoldEvents(scene, histories, runIds)
    if (missing.length === 0 || performance.now() > deadline) return missing
    await pause(LOOK_EVERY_MS)
  }
}

/** Reads the topic as any other program would: what comes again is passed over, what is left out is missing. Without a bus nobody is told. */
const untoldEvents = async ({ kafka }: Scene, histories: Histories, runIds: readonly string[]): Promise<string[]> => {
  if (kafka === undefined) return []
  const { bus, topics } = kafka
  const told = new Map<string, number>(runIds.map((runId) => [runId, 0]))
  const problems: string[] = []
  for await (const message of bus.read(topics.events)) {
    const next = told.get(message.key)
    if (next === undefined) continue
    const read = fromMessage(message)
    if (read.kind === 'foreign') {
      problems.push(`${message.topic}/${message.partition}@${message.offset} is no event: ${read.reason}`)
      continue
    }
    const { revision, stream } = read.kind === 'event' ? read.event : read.place
    if (revision < next) continue
    const stored = histories.of(runIdOf(stream))[revision]
    if (read.kind === 'event' && read.event.id !== stored?.id) problems.push(`${stream}@${revision} was told and is not in the log`)
    for (let missing = next; missing < revision; missing++) problems.push(`${stream}@${missing} was told after @${revision}, or never`)
    told.set(message.key, revision + 1)
  }
  for (const [runId, next] of told) {
    for (let missing = next; missing < histories.of(runId).length; missing++) problems.push(`${runId}@${missing} was never told`)
  }
  return problems
}

const unexplained = async ({ refold }: Scene, runIds: readonly string[]): Promise<string[]> => {
  const problems: string[] = []
  for (const runId of runIds) {
    const verified = await refold.run(runId).verify()
    if (!verified.ok) problems.push(`${runId} does not refold: ${verified.report}`)
  }
  return problems
}
