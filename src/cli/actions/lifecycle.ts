import type { Json } from '../../json.ts'
import { present } from '../../present.ts'
import type { CommandLine } from '../command-line.ts'
import { moveRun } from '../moved-run.ts'
import type { ByWhom } from '../operator-command.ts'

export interface WithReason extends ByWhom {
  readonly reason: string
}

export const pause = (line: CommandLine, runId: string, { by = line.user, reason }: ByWhom & Partial<WithReason>): Promise<void> =>
  moveRun(line, runId, (run) => run.pause(present({ by, reason })))

export const resume = (line: CommandLine, runId: string, { by = line.user }: ByWhom): Promise<void> =>
  moveRun(line, runId, (run) => run.resume({ by }))

export const reopen = (line: CommandLine, runId: string, { by = line.user, note }: ByWhom & { readonly note?: string }): Promise<void> =>
  moveRun(line, runId, (run) => run.reopen(present({ by, note })))

export const cancel = (line: CommandLine, runId: string, { by = line.user, reason }: WithReason): Promise<void> =>
  moveRun(line, runId, (run) => run.cancel({ by, reason }), 'cancelled')

export const complete = (
  line: CommandLine,
  runId: string,
  { by = line.user, output }: ByWhom & { readonly output?: Json },
): Promise<void> => moveRun(line, runId, (run) => run.complete(present({ by, output })))

export const fail = (line: CommandLine, runId: string, { by = line.user, reason }: WithReason): Promise<void> =>
  moveRun(line, runId, (run) => run.fail({ by, reason }), 'failed')
