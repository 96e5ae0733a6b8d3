import { oneLine } from '../printable.ts'
import type { Span } from './span.ts'
import { spanTrees, type SpanNode } from './span-tree.ts'

// Mermaid reads the label of a task up to the first colon, a comment from `%%` and the end of a statement from `;` and `#`.
const NOT_IN_A_LABEL = /[^\p{L}\p{N} ._/@()-]/gu
const LONGEST_LABEL = 60

/** A chart of Mermaid with a section a turn and a bar a span. Times are those of the run, in UTC. */
export const spanGantt = (spans: readonly Span[]): string => {
  const sections = spanTrees(spans).flatMap((root, at) => [`  section ${label(sectionOf(root.span, at))}`, ...tasksOf(root)])
  return ['gantt', '  dateFormat x', '  axisFormat %H:%M:%S', ...sections, ''].join('\n')
}

const sectionOf = ({ attributes, name }: Span, at: number): string => {
  const turn = attributes['refold.turn']
  return turn === undefined ? `${name} ${at + 1}` : `turn ${String(turn)}`
}

const tasksOf = ({ span, children }: SpanNode): string[] => [
  `  ${label(span.name)} :${span.error === undefined ? '' : 'crit, '}s${span.spanId}, ${span.startMs}, ${Math.max(span.endMs, span.startMs + 1)}`,
  ...children.flatMap(tasksOf),
]

const label = (text: string): string => oneLine(text, LONGEST_LABEL).replace(NOT_IN_A_LABEL, ' ')
