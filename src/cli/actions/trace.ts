import { secretsIn } from '../../early-environment.ts'
import { AppError } from '../../errors.ts'
import { encodeSpans } from '../../otlp/otlp-spans.ts'
import { spanGantt } from '../../projections/traces/span-gantt.ts'
import { traceEventsText } from '../../projections/traces/span-perfetto.ts'
import { treeLines } from '../../projections/traces/span-tree.ts'
import { spansOfRun, type RunSpans } from '../../runtime/reading/run-spans.ts'
import { visibleJson } from '../../text.ts'
import type { CommandLine } from '../command-line.ts'
import type { TraceFormat } from '../trace-formats.ts'
import { reading } from '../session.ts'

export interface TraceOptions {
  readonly format?: TraceFormat
  readonly content?: true
}

/** UTF-16 units of one attribute. */
const CONTENT_LENGTH = 8_192

export const trace = (line: CommandLine, runId: string, { format, content }: TraceOptions): Promise<void> => {
  if (line.output.json && format !== undefined && format !== 'otlp')
    throw new AppError('InvalidInput', `Expected --json or --format ${format}, found both: --json is --format otlp`)
  const wanted = line.output.json ? 'otlp' : (format ?? 'tree')
  return reading(line, async (refold) => {
    const spans = await spansOfRun(refold, runId, { contentLength: content === true ? CONTENT_LENGTH : 0, children: true })
    if (wanted === 'tree') for (const text of treeLines([...spans.ended, ...spans.open])) await line.output.line(text)
    else await line.output.data(await textOf(wanted, spans))
  })
}

const textOf = async (format: Exclude<TraceFormat, 'tree'>, { ended, open }: RunSpans): Promise<string> => {
  switch (format) {
    case 'mermaid':
      return spanGantt([...ended, ...open])
    case 'perfetto':
      return visibleJson(traceEventsText([...ended, ...open]))
    case 'otlp': {
      const bytes = await encodeSpans(ended, { protocol: 'http/json', resource: { 'service.name': 'refold' }, secrets: secretsIn() })
      return `${visibleJson(new TextDecoder().decode(bytes))}\n`
    }
  }
}
