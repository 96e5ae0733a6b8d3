import type { Json } from '../../json.ts'
import { present } from '../../present.ts'
import { sourcesText } from '../../projections/row-fork.ts'
import type { CommandLine } from '../command-line.ts'
import { followRun } from '../follow-run.ts'
import { reportRun } from '../moved-run.ts'
import { atWork } from '../session.ts'

export interface ForkCommandOptions {
  readonly at: number
  readonly by?: string
  readonly note?: string
  readonly runId?: string
  readonly message?: string
  readonly toolResult?: Readonly<Record<string, Json>>
  readonly instructions?: string
  readonly model?: string
  readonly agentVersion?: string
  readonly real?: readonly string[]
  readonly reads?: boolean
  readonly simulate?: Readonly<Record<string, Json>>
  readonly samples?: boolean
  readonly modelCalls?: number
  readonly costUsd?: number
}

export const fork = (line: CommandLine, runId: string, { toolResult, by, ...options }: ForkCommandOptions): Promise<void> =>
  atWork(line, async (refold) => {
    const asked = present({ ...options, results: toolResult })
    const forked = await refold.run(runId).fork({ ...asked, by: by ?? line.user })
    await line.output.note(`${forked.id} is a fork of ${runId}`)
    const follower = followRun(line, forked, options.at)
    try {
      const view = await follower.until(() => Promise.resolve())
      await reportRun(line, view)
      const { counts } = view.fork ?? {}
      if (counts !== undefined) await line.output.note(`  ${sourcesText(counts)}`)
      await line.output.note(`  compare: refold diff ${runId} ${forked.id}`)
    } finally {
      follower.close()
    }
  })
