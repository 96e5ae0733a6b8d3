import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { AppError, isAppError, messageOf } from '../../errors.ts'
import { createSums, type Found, type WhatIfMode, type WhatIfReport } from '../../evals/whatif/report.ts'
import type { OpenRefold } from '../../open-refold.ts'
import { PRIVATE_FILE } from '../../private-files.ts'
import type { Agent } from '../../runtime/agent.ts'
import { versionOf } from '../../runtime/commands/move-check.ts'
import { visibleJson } from '../../text.ts'
import { counted } from '../../projections/amount-text.ts'
import type { CommandLine } from '../command-line.ts'
import { exitCodes } from '../exit-codes.ts'
import type { FreshOption } from '../fresh-option.ts'
import { takeIn } from '../known-views.ts'
import { runsThatFit } from '../runs-that-fit.ts'
import { progressBar } from '../screen.ts'
import { atWork, reading } from '../session.ts'
import { askedAgain } from '../whatif/ask-mode.ts'
import { decidedAgain } from '../whatif/fold-mode.ts'
import { overRuns } from '../whatif/over-runs.ts'
import { createPurse } from '../../evals/purse.ts'
import { spentByForks } from '../whatif/spent-by-forks.ts'
import type { Question } from '../whatif/question.ts'
import { reportLines } from '../whatif/report-text.ts'
import { runFreely, type FreeFrom } from '../whatif/run-mode.ts'

export interface WhatIfOptions extends FreshOption {
  /** `name@version`, or a name for its newest version. */
  readonly agent: string
  readonly where?: string
  readonly mode: WhatIfMode
  readonly from: FreeFrom
  readonly id?: string
  readonly limit?: number
  readonly concurrency: number
  readonly maxCost?: number
  readonly output?: string
  readonly by?: string
}

const LOOKS: Readonly<Record<WhatIfMode, (question: Question, runId: string, from: FreeFrom) => Promise<Found>>> = {
  fold: decidedAgain,
  ask: askedAgain,
  run: runFreely,
}

export const whatif = async (line: CommandLine, options: WhatIfOptions): Promise<void> => {
  const { mode, maxCost, id = `whatif-${randomUUID().slice(0, 8)}` } = options
  if (!/^[A-Za-z][\w.-]{0,50}$/.test(id))
    throw new AppError('InvalidInput', `Expected an id of letters, digits, ".", "_" and "-", found ${JSON.stringify(id)}`)
  if (mode !== 'fold' && maxCost === undefined)
    throw new AppError('InvalidInput', `Expected --max-cost with --mode ${mode}, which asks models: so many US dollars at most`)
  await (mode === 'fold' ? reading : atWork)(line, async (refold) => {
    const agent = agentOf(refold, options.agent)
    await takeIn(line, refold, mode !== 'fold' && options.id !== undefined ? { fresh: true } : options)
    const report = await reportOf(line, refold, { ...options, id, agent })
    await show(line, report, options.output)
  })
}

const agentOf = ({ agents }: OpenRefold, text: string): Agent => {
  const at = text.lastIndexOf('@')
  return at < 1 ? agents.newest(text) : versionOf(agents, { name: text.slice(0, at), version: text.slice(at + 1) })
}

type Wanted = Omit<WhatIfOptions, 'agent' | 'id'> & { readonly id: string; readonly agent: Agent }

const reportOf = async (line: CommandLine, refold: OpenRefold, wanted: Wanted): Promise<WhatIfReport> => {
  const { id, agent, mode, from, where, limit, maxCost = 0 } = wanted
  const { signal } = line
  const chosen = await runsThatFit(line, refold, { where, limit, agent: agent.name, deleted: true })
  const sums = createSums()
  for (const { runId, isDeleted } of chosen) if (isDeleted) sums.leaveOut('deleted', { runId, why: 'deleted' })
  const runIds = chosen.flatMap(({ runId, isDeleted }) => (isDeleted ? [] : [runId]))
  const concurrency = Math.max(1, Math.min(wanted.concurrency, runIds.length))
  const spent = mode === 'fold' ? 0 : await spentByForks(refold, `${id}-`, signal)
  const purse = createPurse({ most: Math.round(maxCost * 1_000_000), spent, spenders: concurrency })
  const question: Question = { id, agent, by: wanted.by ?? line.user, refold, signal, purse }
  const isOver = (): boolean => mode !== 'fold' && purse.isEmpty()
  if (mode !== 'fold') await line.output.note(`What-if ${id} over ${counted(chosen.length, 'run')}; --id ${id} goes on with it`)
  const progress = progressBar(line.stderr, runIds.length)
  let done = 0
  try {
    await overRuns({
      runIds,
      concurrency,
      signal,
      isOver,
      look: async (runId) => sums.take(await LOOKS[mode](question, runId, from)),
      unreadable: ({ runId, code, message }) => {
        const isGone = code === 'RunDeleted' || code === 'RunNotFound'
        sums.leaveOut(isGone ? 'deleted' : 'unreadable', { runId, why: isGone ? 'deleted' : `${code}: ${message}` })
      },
      onDone: () => {
        done += 1
        progress.step()
      },
    })
  } catch (error) {
    progress.clear()
    if (signal.aborted && isAppError(error, 'Closed'))
      await line.output.note(`Given up after ${counted(done, 'run')}${mode === 'fold' ? '' : `; --id ${id} goes on with it`}`)
    throw error
  }
  progress.clear()
  const stopped = done < runIds.length ? 'cost' : null
  return sums.report({ id, mode, agent: agent.id, chosen: chosen.length, paidMicroUsd: purse.spent(), stopped })
}

const show = async (line: CommandLine, report: WhatIfReport, file: string | undefined): Promise<void> => {
  const { output } = line
  await output.document(report)
  if (!output.json) for (const text of reportLines(report, output)) await output.line(text)
  if (file !== undefined) await write(resolve(line.cwd, file), report)
  if (report.stopped !== null) await output.note(`Stopped at the limit of money: ${report.runs} of ${report.chosen} runs were looked at`)
  if (report.stopped !== null || report.unreadable.count + report.unfinished.count > 0) line.exitWith(exitCodes.wrong)
}

const write = async (path: string, report: WhatIfReport): Promise<void> => {
  try {
    await writeFile(path, `${visibleJson(JSON.stringify(report, null, 2))}\n`, { mode: PRIVATE_FILE })
  } catch (cause) {
    throw new AppError('InvalidInput', `Expected a file that can be written at ${path}: ${messageOf(cause)}`, { details: { path }, cause })
  }
}
