import type { Logger } from 'pino'
import type { Notice } from './notice.ts'

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
