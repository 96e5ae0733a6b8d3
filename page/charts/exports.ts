import { csvLine } from '../../src/projections/csv-line.ts'
import { chartMermaid } from '../../src/statechart/mermaid.ts'
import type { ChartGraph as WholeGraph } from '../../src/statechart/graph.ts'
import { download } from '../parts/download.ts'
import type { ChartGraph } from '../server/contract.ts'
import type { ChartNumbers, Numbers } from './numbers.ts'
import type { NumberedGraph } from './recorded-numbers.ts'

const MICRO_PER_USD = 1_000_000

export const saveCsv = (name: string, graph: NumberedGraph, numbers: ChartNumbers): void => {
  const heads = [
    'kind',
    'id',
    'from',
    'by',
    'to',
    'count',
    'at_most',
    'share',
    'p50_ms',
    'p95_ms',
    'waits',
    'wait_p50_ms',
    'wait_p95_ms',
    'failures',
    'cost_usd',
  ]
  const figures = (own: Numbers | undefined): readonly (number | null)[] =>
    own === undefined
      ? []
      : [
          own.count,
          own.isAtMost ? 1 : 0,
          own.share,
          own.p50,
          own.p95,
          own.waits,
          own.waitP50,
          own.waitP95,
          own.failures,
          own.cost / MICRO_PER_USD,
        ]
  const states = graph.nodes.map(({ id }) => csvLine(['state', id, null, null, null, ...figures(numbers.states.get(id))]))
  const edges = graph.edges.map(({ id, source, label, target }) =>
    csvLine(['edge', id, source, label, target, ...figures(numbers.edges.get(id))]),
  )
  download(`${name}.csv`, [csvLine(heads), ...states, ...edges].join(''))
}

/** Each edge with its number. */
export const saveMermaid = (name: string, graph: ChartGraph, numbers: ChartNumbers): void => {
  const edges = graph.edges.map((edge) => {
    const { count = 0, isAtMost = false } = numbers.edges.get(edge.id) ?? {}
    return { ...edge, event: `${edge.label} · ${isAtMost && count > 0 ? '≤ ' : ''}${count}`, guard: null, actions: [] }
  })
  download(`${name}.mmd`, chartMermaid({ ...graph, edges } as WholeGraph))
}

const DRAWN = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'font-size', 'font-weight', 'text-anchor'] as const

/** Ids are as they are given: what they hold would steer a terminal that shows the file. */
const OF_THE_PAGE = ['href', 'tabindex', 'data-id'] as const

/** The picture as it is seen, for programs that know no style sheet of this page. */
export const saveSvg = (name: string, picture: SVGSVGElement): void => {
  const copy = picture.cloneNode(true) as SVGSVGElement
  const [seen, copied] = [picture, copy].map((root) => [...root.querySelectorAll('*')])
  for (const [at, element] of (seen ?? []).entries()) {
    const style = getComputedStyle(element)
    for (const property of DRAWN) copied?.[at]?.setAttribute(property, style.getPropertyValue(property))
  }
  for (const element of copy.querySelectorAll('*')) for (const name of OF_THE_PAGE) element.removeAttribute(name)
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  copy.setAttribute('font-family', 'system-ui, sans-serif')
  download(`${name}.svg`, new XMLSerializer().serializeToString(copy))
}
