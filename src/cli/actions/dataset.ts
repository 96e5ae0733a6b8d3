import { resolve } from 'node:path'
import { AppError, messageOf } from '../../errors.ts'
import { datasetBuilder, datasetLines, datasetVersion } from '../../evals/dataset.ts'
import { questionOf, type CaseOf } from '../../evals/dataset-case.ts'
import { exportText, type ExportFormat } from '../../evals/dataset-exports.ts'
import { oneLine } from '../../projections/printable.ts'
import { visibleJson } from '../../text.ts'
import { counted } from '../../projections/amount-text.ts'
import type { CommandLine } from '../command-line.ts'
import { addRuns } from '../dataset-runs.ts'
import { exitCodes } from '../exit-codes.ts'
import { readDataset, writePrivate } from '../dataset-file.ts'
import type { FreshOption } from '../fresh-option.ts'
import { takeIn } from '../known-views.ts'
import { runsThatFit } from '../runs-that-fit.ts'
import { progressBar } from '../screen.ts'
import { reading } from '../session.ts'
import { textTable, type Column } from '../text-table.ts'

export interface CreateOptions extends FreshOption {
  readonly where?: string
  readonly of: CaseOf
  readonly forks?: true
  readonly redact?: readonly string[]
  readonly train?: number
  readonly limit?: number
  readonly output?: string
}

export const create = async (line: CommandLine, name: string, options: CreateOptions): Promise<void> => {
  if (!/^[\w.-]{1,100}$/.test(name))
    throw new AppError('InvalidInput', `Expected a name of letters, digits, ".", "_" and "-", found ${JSON.stringify(name)}`)
  const file = resolve(line.cwd, options.output ?? `${name}.jsonl`)
  const redact = (options.redact ?? []).map(patternOf)
  await reading(line, async (refold) => {
    await takeIn(line, refold, options)
    const runIds = (await runsThatFit(line, refold, { where: options.where, forks: options.forks })).map(({ runId }) => runId)
    const dataset = datasetBuilder({ redact, trainShare: options.train, mostCases: options.limit ?? Infinity })
    const progress = progressBar(line.stderr, runIds.length)
    const onRun = (): void => {
      progress.step()
    }
    const unreadable = await addRuns(refold, runIds, { of: options.of, dataset, signal: line.signal, onRun })
    progress.clear()
    const cases = dataset.cases()
    const version = datasetVersion(cases)
    await writePrivate(file, visibleLines(datasetLines(cases)))
    await line.output.document({
      name,
      version,
      file,
      cases: cases.length,
      runs: runIds.length,
      duplicates: dataset.duplicates(),
      unreadable,
    })
    await line.output.note(
      `${name}@${version}: ${counted(cases.length, 'case')} of ${counted(runIds.length, 'run')}, ${counted(dataset.duplicates(), 'duplicate')} left out, written to ${file}`,
    )
    if (unreadable.length === 0) return
    await line.output.note(`${counted(unreadable.length, 'run')} could not be read: ${unreadable.slice(0, 10).join(', ')}`)
    line.exitWith(exitCodes.wrong)
  })
}

const patternOf = (text: string): RegExp => {
  try {
    return new RegExp(text, 'gu')
  } catch (error) {
    throw new AppError('InvalidInput', `Expected a regular expression, found ${JSON.stringify(text)}: ${messageOf(error)}`)
  }
}

export const show = async ({ cwd, output }: CommandLine, path: string): Promise<void> => {
  const cases = await readDataset(resolve(cwd, path))
  const version = datasetVersion(cases)
  await output.document({ version, cases })
  if (output.json) return
  const rows = cases.map((each) => [
    each.id,
    each.of,
    `${each.source.runId}@${each.source.revision}`,
    each.split ?? '',
    oneLine(questionOf(each), LONGEST_CELL),
    oneLine(each.output.answer ?? '', LONGEST_CELL),
  ])
  const columns: readonly Column[] = [
    { title: 'CASE', paint: output.colours.name },
    { title: 'OF' },
    { title: 'FROM' },
    { title: 'SPLIT' },
    { title: 'IN' },
    { title: 'OUT', flexible: true as const },
  ]
  for (const text of textTable(columns, rows, output.width)) await output.line(text)
  await output.note(`${counted(cases.length, 'case')}, version ${version}`)
}

const LONGEST_CELL = 60

export const exportTo = async (
  { cwd, output, ...line }: CommandLine,
  path: string,
  { to, output: file }: { readonly to: ExportFormat; readonly output?: string },
): Promise<void> => {
  const cases = await readDataset(resolve(cwd, path))
  const text = visibleLines(exportText(cases, to))
  if (file === undefined) {
    line.stdout.write(text)
    return
  }
  await writePrivate(resolve(cwd, file), text)
  await output.note(`${counted(cases.length, 'case')} written to ${file}`)
}

const visibleLines = (text: string): string => text.split('\n').map(visibleJson).join('\n')
