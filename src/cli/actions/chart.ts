import { writeFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { AppError, messageOf } from '../../errors.ts'
import type { OpenRefold } from '../../open-refold.ts'
import { chartHtml, type TraceStep } from '../../pictures/chart-html.ts'
import { chartSvg } from '../../pictures/chart-svg.ts'
import { chartGraph, type ChartGraph } from '../../statechart/graph.ts'
import { chartMermaid } from '../../statechart/mermaid.ts'
import { PRIVATE_FILE } from '../../private-files.ts'
import { visibleJson } from '../../text.ts'
import { chartFormats, type ChartFormat } from '../chart-formats.ts'
import type { CommandLine } from '../command-line.ts'
import { traceRun } from '../run-trace.ts'
import { reading } from '../session.ts'

export interface ChartOptions {
  readonly run?: string | undefined
  readonly at?: number | undefined
  readonly format?: ChartFormat | undefined
  readonly output?: string | undefined
}

export const chart = (line: CommandLine, agent: string | undefined, options: ChartOptions): Promise<void> => {
  const { run, at, output } = options
  if ((agent === undefined) === (run === undefined))
    throw new AppError('InvalidInput', `Expected an agent or --run, found ${run === undefined ? 'neither' : 'both'}`)
  if (at !== undefined && run === undefined) throw new AppError('InvalidInput', 'Expected --run with --at')
  const format = line.output.json ? 'json' : formatOf(options)
  return reading(line, async (refold) => {
    const text = await drawing(format, await drawn(refold, agent ?? '', options))
    if (output === undefined) return line.output.data(text)
    await save(output, text, run === undefined ? undefined : PRIVATE_FILE)
    await line.output.note(`written to ${output}`)
  })
}

interface Drawn {
  readonly graph: ChartGraph
  readonly steps: readonly TraceStep[]
}

const drawn = async (refold: OpenRefold, agent: string, { run, at }: ChartOptions): Promise<Drawn> =>
  run === undefined ? { graph: chartGraph(refold.agents.newest(agent).program.run.machine), steps: [] } : traceRun(refold, run, at)

const formatOf = ({ format, output = '' }: ChartOptions): ChartFormat => {
  if (format !== undefined) return format
  const ending = extname(output).slice(1).toLowerCase()
  const found = ending === '' || ending === 'mmd' ? 'mermaid' : chartFormats.find((each) => each === ending)
  if (found !== undefined) return found
  throw new AppError('InvalidInput', `Expected a file that ends with .mmd, .${chartFormats.join(', .')}, or --format, found ${output}`)
}

const drawing = async (format: ChartFormat, { graph, steps }: Drawn): Promise<string> => {
  const last = steps.at(-1)
  switch (format) {
    case 'mermaid':
      return chartMermaid(graph, { active: last?.active ?? [] })
    case 'svg':
      return chartSvg(graph, last === undefined ? {} : { active: last.active, taken: last.taken })
    case 'html':
      return chartHtml(graph, steps)
    case 'json':
      return `${visibleJson(JSON.stringify({ graph, ...(last === undefined ? {} : { active: last.active, taken: last.taken, steps }) }, null, 2))}\n`
  }
}

/** What a run has said is in its trace. */
const save = async (path: string, text: string, mode?: number): Promise<void> => {
  try {
    await writeFile(path, text, { mode })
  } catch (cause) {
    throw new AppError('InvalidInput', `Expected a file that can be written at ${path}: ${messageOf(cause)}`, { details: { path }, cause })
  }
}
