import type { StoredEvent } from '../../eventlog/event-log.ts'
import { encodeData, encodeMeta, streamOf } from '../../events/codec.ts'
import type { EventMeta, RecordedRunEvent } from '../../events/envelope.ts'
import type { CodeOfRun, DataOf, RunFact } from '../../events/run-events.ts'
import { currentVersion } from '../../events/upcast.ts'
import { onCode } from '../../fold/lifecycle.ts'
import type { SealedEvent } from '../../fold/seal.ts'
import { sha256 } from '../../hash.ts'
import { present } from '../../present.ts'

export type Copy = Pick<SealedEvent, 'texts' | 'blobs'>

export interface CopiedRun {
  /** Of the fork. */
  readonly runId: string
  readonly forkOf: NonNullable<DataOf<'RunStarted'>['forkOf']>
  /** Where the fork begins on other code than its origin. */
  readonly code?: CodeOfRun
}

/**
 * Copies of a run's events, each with the place and the time that it has there. They have ids and a chain of hashes of their own, the same each
 * time, so that copying may be repeated. Of the commands that led to them nothing is kept: asked of the fork, they are others.
 */
export const createCopier = (run: CopiedRun): ((event: RecordedRunEvent, stored: StoredEvent) => Copy) => {
  const ids = new Map<string, string>()
  let hash = ''
  return (event, stored) => {
    const id = idOfCopy(run.runId, event.revision)
    ids.set(event.id, id)
    const { commandId: _, commandHash: __, traceparent: ___, hash: ____, causationId, ...meta } = event.meta
    const cause = causationId === undefined ? undefined : ids.get(causationId)
    const placed = { ...meta, ...present({ causationId: cause }), correlationId: run.runId, ...codeIn(run) }
    const changed = changedFact(run, event)
    const copied = changed === undefined ? { data: stored.data, blobs: [], meta: placed } : encoded(changed, placed)
    const text = encodeMeta(hash, event.type, copied.data, copied.meta)
    hash = text.hash
    return { texts: { id, type: event.type, data: copied.data, meta: text.meta }, blobs: copied.blobs }
  }
}

const codeIn = ({ code }: CopiedRun): Partial<EventMeta> =>
  code === undefined ? {} : { agent: `${code.agent}@${code.agentVersion}`, chartHash: code.chartHash }

type Meta = Omit<EventMeta, 'hash'>

const encoded = (
  fact: RunFact,
  { blobs: _, ...meta }: Meta,
): { readonly data: string; readonly blobs: readonly string[]; readonly meta: Meta } => {
  const { data, blobs, blobFields } = encodeData(fact)
  return { data, blobs, meta: { ...meta, version: currentVersion(fact.type), ...(blobFields.length > 0 && { blobs: [...blobFields] }) } }
}

/** What cannot be as in the origin: a fork is nobody's child, and may be on other code. */
const changedFact = ({ forkOf, code }: CopiedRun, event: RecordedRunEvent): RunFact | undefined => {
  if (event.type === 'RunStarted') {
    const { parent: _, ...started } = event.data
    return { type: event.type, data: { ...(code === undefined ? started : onCode(started, code)), forkOf } }
  }
  if (event.type === 'RunMoved' && code !== undefined) return { type: event.type, data: { ...onCode(event.data, code) } }
  return undefined
}

/** A UUID by name, as it would be of version 8. */
export const idOfCopy = (runId: string, revision: number): string => {
  const digits = sha256(`${streamOf(runId)} ${revision}`)
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20, 32)}`
}
