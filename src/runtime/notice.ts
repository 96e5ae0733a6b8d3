import type { ErrorCode } from '../errors.ts'

/** A call whose process ended before it recorded an answer, and what its run does now. */
export interface TakenOver {
  readonly type: 'callTakenOver'
  readonly runId: string
  readonly callId: string
  /** Absent for a model call. */
  readonly tool?: string
  /** The one that was lost. */
  readonly attempt: number
  readonly owner: string
  /** So many processes have ended with this call under way. */
  readonly lostOwners: number
  readonly then: 'begunAgain' | 'heldBack' | 'givenUp' | 'unresolved'
}

/** What the world does beside the log that operators want to know of. */
export type Notice =
  | TakenOver
  | { readonly type: 'resultDropped'; readonly runId: string; readonly callId: string; readonly result: string }
  /** A word on a tool call came after its last one, and says otherwise. */
  | { readonly type: 'callCorrected'; readonly runId: string; readonly callId: string }
  | { readonly type: 'appendRetried'; readonly runId: string; readonly code: string; readonly message: string }
  /** A guardrail, a tool, a rule or a schema of the agent threw: what that led to is recorded, and this is why. */
  | { readonly type: 'codeFailed'; readonly runId: string; readonly callId?: string; readonly message: string }
  /** Once for each agent and definition: its runs began with other code under the same version. */
  | { readonly type: 'agentChanged'; readonly agent: string; readonly runId: string; readonly changes: readonly string[] }
  /** Its time is over, and nobody knows what became of a call of it: retention leaves it alone. */
  | { readonly type: 'runKept'; readonly runId: string; readonly message: string }
  /** Runs of an agent whose code is not here, or older: others have to see to them. `runId` is one of them. */
  | {
      readonly type: 'runsLeft'
      readonly agent: string
      readonly code: ErrorCode
      readonly runs: number
      readonly runId: string
      readonly message: string
    }
  | { readonly type: 'runBroken'; readonly runId: string; readonly message: string }
  /** The clock of the log's server and ours differ by more than leases allow for; they are counted by the server's. */
  | { readonly type: 'clockSkew'; readonly offsetMs: number }
  /** An older copy of the log was restored before this process began: calls that may have happened since are looked up, or wait for a person. */
  | { readonly type: 'logRestored'; readonly recordedAt: string; readonly by?: string; readonly lostRuns: number }
  /** An older copy of the log was restored under this process, which has to end. It is the last notice. */
  | { readonly type: 'logWentBack'; readonly message: string }
  /** A server does not answer, and this process waits for it; once for each time that it is away. */
  | { readonly type: 'serverAwaited'; readonly server: string; readonly at: string; readonly to: string; readonly why: string }
  | { readonly type: 'sweepFailed'; readonly message: string }
