import type { Logger } from 'pino'
import type { Clock, IdSource } from '../clock.ts'
import type { RequestForms } from '../runtime/reading/written-request.ts'
import type { RefoldCore } from '../runtime/refold.ts'
import type { RuntimeParts } from '../runtime/runtime-parts.ts'
import type { SqlCatalog } from '../views/named-queries.ts'
import type { ViewStore } from '../views/view-store.ts'
import type { HttpSettings } from './http-options.ts'
import type { OpenStreams } from './open-streams.ts'
import type { Sessions } from './sessions.ts'
import type { StartIds } from './start-ids.ts'

/** A Refold that is open, with what the service reads beside it. */
export interface ServedRefold extends RefoldCore, Pick<RuntimeParts, 'log' | 'blobs' | 'snapshots'> {
  readonly views: Pick<ViewStore, 'checkpoint' | 'list' | 'find' | 'count' | 'changed' | 'query' | 'sql'>
  readonly sqlCatalog: SqlCatalog
  /** As which a prompt can be written: providers of this process, and vendors. */
  readonly requestForms: RequestForms
  /** The newest restore of the log, as of when it was opened. */
  readonly newestRestore?: () => Promise<{ readonly at: number } | undefined>
  /** Brings the views up to the log before they are read, as far as that is quick. Resolves to what they lack then: since when, if that is known. */
  readonly catchUpQuickly: () => Promise<{ readonly since: number | undefined } | undefined>
}

/** Numbers of the process, without a name of a run, a tenant or a person. */
export interface ServedMetrics {
  readonly contentType: string
  text(): Promise<string>
  countedBy(name: string, help: string, label: string, read: () => Readonly<Record<string, number>>): void
  timed<Label extends string>(
    name: string,
    help: string,
    labels: readonly Label[],
  ): (labels: Readonly<Record<Label, string | number>>, seconds: number) => void
}

export interface ApiParts {
  readonly refold: ServedRefold
  readonly settings: HttpSettings
  /** Where the files of datasets are; undefined where there are none. */
  readonly datasetDir?: string | undefined
  readonly clock: Clock
  readonly ids: IdSource
  readonly logger: Logger
  readonly metrics: ServedMetrics
  readonly streams: OpenStreams
  readonly sessions: Sessions
  /** Of a start with an idempotency key. */
  readonly startIds: StartIds
  /** Aborted once the service is to be left alone: it says that it is not ready, and serves on. */
  readonly draining: AbortSignal
  /** Aborted once the service takes nothing new. */
  readonly stopping: AbortSignal
}
