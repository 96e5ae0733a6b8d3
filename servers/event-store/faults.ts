// What the stand-in does wrong on request. The names say what a client sees of it.

/** How appends are treated. */
export type AppendFault =
  | { readonly kind: 'none' }
  /** Neither stored nor answered. */
  | { readonly kind: 'swallowed' }
  /** Stored, and never answered. */
  | { readonly kind: 'storedSilently' }
  /** Stored, and answered when the test asks for it. */
  | { readonly kind: 'answeredLate' }
  /** Not stored; answered with an error that has this text and no details. */
  | { readonly kind: 'refused'; readonly message: string }
  /** Not stored; the conversation of all appends of the client ends, as if all were well. */
  | { readonly kind: 'streamEnded' }
  /** Stored, and the conversation of all appends of the client ends with this gRPC status. */
  | {
      readonly kind: 'storedThenBroken'
      readonly code: number
      readonly details: string
      /** Of the trailers. */
      readonly facts?: Readonly<Record<string, string>>
    }
  /** Not stored; answered with this recorded frame, in base64. */
  | { readonly kind: 'recorded'; readonly frame: string }

export interface RecordedCall {
  /** In base64, in order. */
  readonly frames: readonly string[]
  readonly trailers: Readonly<Record<string, string>>
}

/** How reads are treated that are not subscriptions. */
export type ReadFault =
  | { readonly kind: 'none' }
  | { readonly kind: 'unanswered' }
  /** Of the whole log, where it is read forwards or subscribed to: each event comes after so long, as behind very many that do not fit. */
  | { readonly kind: 'slow'; readonly pauseMs: number }
  /** Ends with this gRPC status after so many events. */
  | { readonly kind: 'broken'; readonly afterEvents: number; readonly code: number; readonly details: string }
  | { readonly kind: 'recorded'; readonly call: RecordedCall }

/** Whose answers are given: those of EventStoreDB 24.2 or of KurrentDB 26.1. */
export type ServerVersion = '24.2.0' | '26.1.0'

export interface Faults {
  readonly version: ServerVersion
  /** The operator's limit of one event, which only KurrentDB has. */
  readonly mostEventBytes: number
  /** So long a stream that was deleted and is written again is not found yet. */
  readonly reopeningMs: number
  readonly appends: AppendFault
  /** So many appends meet the fault, then it is over; all where absent. */
  readonly appendCount?: number
  /** Only clients with this connection name meet it; all where absent. */
  readonly appendsOf?: string
  readonly reads: ReadFault
  readonly readCount?: number
  /** Subscriptions stay open and say nothing more. */
  readonly subscriptionsMuted: boolean
  /** Nobody is told that a subscription has caught up, as 23.10 does for a stream that is not there. */
  readonly caughtUpWithheld: boolean
  /** Checkpoints of filtered subscriptions name places between two events. */
  readonly checkpointsBetween: boolean
  /** The call that asks what the server can do: a gRPC status to fail with, or no answer. */
  readonly capabilities: 'answered' | 'unanswered' | { readonly code: number }
  /** Or the port of the node that leads where this one does not. */
  readonly leader: 'itself' | number
}

export const NO_FAULTS: Faults = {
  version: '24.2.0',
  mostEventBytes: 16 * 1024 * 1024,
  reopeningMs: 8,
  appends: { kind: 'none' },
  reads: { kind: 'none' },
  subscriptionsMuted: false,
  caughtUpWithheld: false,
  checkpointsBetween: false,
  capabilities: 'answered',
  leader: 'itself',
}

/** What a test may ask of a running stand-in. */
export type Request =
  | { readonly do: 'set'; readonly faults: Partial<Faults> }
  /** The conversations that appends come in now are never answered again; new ones are. */
  | { readonly do: 'wedge' }
  | { readonly do: 'answerLate' }
  /** Ends every open subscription: cleanly, or with a gRPC status. */
  | { readonly do: 'endSubscriptions'; readonly code?: number; readonly details?: string }
  /** Answered once so many appends have arrived since the start. */
  | { readonly do: 'awaitAppends'; readonly appends: number }
  /** As an operator starts it; answered when it is done. */
  | { readonly do: 'scavenge' }
  | { readonly do: 'report' }

export interface Report {
  readonly subscriptions: number
  /** Appends that arrived, also repeated and refused ones. */
  readonly appends: number
  /** Conversations that appends arrived in, since the start. */
  readonly batchStreams: number
  /** Network connections that calls arrived on, since the start. */
  readonly connections: number
  /** Events of the whole log that reads and subscriptions have gone through, whether they fitted or not, since the start. */
  readonly lookedAt: number
}
