import type { Logger } from 'pino'
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
  /** What takes the traces does not answer: the same spans are sent again. */
  | { readonly type: 'tracesDelayed'; readonly message: string }
  /** It does not want these spans. */
  | { readonly type: 'spansRefused'; readonly spans: number; readonly message: string }
  /** A run that cannot be read has no traces. */
  | { readonly type: 'runNotTraced'; readonly runId: string; readonly message: string }
  /** Metrics of runs were not taken; the next ones hold them. */
  | { readonly type: 'metricsDelayed'; readonly message: string }
  /** What takes the traces takes no metrics. */
  | { readonly type: 'metricsUnwanted'; readonly message: string }

type Told = Readonly<Record<Notice['type'], readonly [level: 'warn' | 'error', text: string]>>

/** All that is told, in the place of no other log line: each is seen at the default level. */
const told: Told = {
  callTakenOver: ['warn', 'a call is taken over: its process ended before it recorded an answer'],
  resultDropped: ['warn', 'a late result was dropped'],
  callCorrected: ['warn', 'a tool call ended otherwise than its last word said'],
  appendRetried: ['warn', 'an append is tried again'],
  codeFailed: ['error', 'code of the agent failed'],
  agentChanged: ['warn', 'an agent was changed under the same version, and has open runs'],
  runKept: ['warn', 'a run is kept beyond its time'],
  runsLeft: ['warn', 'runs are left to others: the code of their agent is not here'],
  runBroken: ['error', 'a run cannot go on'],
  clockSkew: ['warn', 'the clock of this machine and that of the log differ'],
  logRestored: ['error', 'the log is an older copy: calls that may have happened since are looked up, or wait for a person'],
  logWentBack: ['error', 'the log went back'],
  serverAwaited: ['warn', 'a server does not answer and is waited for'],
  sweepFailed: ['error', 'a sweep failed'],
  tracesDelayed: ['warn', 'traces wait for what takes them'],
  spansRefused: ['warn', 'spans were refused'],
  runNotTraced: ['warn', 'a run has no traces'],
  metricsDelayed: ['warn', 'metrics of runs were not taken'],
  metricsUnwanted: ['warn', 'no metrics of runs are taken there'],
}

export interface ToldNotices {
  /** How many of each there were; every type is there from the beginning. */
  readonly notices: Readonly<Record<Notice['type'], number>>
  /** Logs it, and counts it by its type. */
  readonly notify: (notice: Notice) => void
}

/** `tellAwaited` is told of a server that is waited for in words, in the place of the logger. */
export const toldNotices = (logger: Logger, tellAwaited: ((text: string) => void) | undefined): ToldNotices => {
  const notices = Object.fromEntries(Object.keys(told).map((type) => [type, 0])) as Record<Notice['type'], number>
  const log = (notice: Notice): void => {
    if (notice.type === 'serverAwaited' && tellAwaited !== undefined) {
      const { server, at, to, why } = notice
      return tellAwaited(`Waiting for ${server} at ${at} to ${to}: ${why}`)
    }
    const { type, ...facts } = notice
    const [level, text] = told[type]
    logger[level](facts, text)
  }
  return {
    notices,
    notify(notice) {
      // What follows from it says nothing more.
      if (notices.logWentBack > 0) return
      notices[notice.type] += 1
      log(notice)
    },
  }
}
