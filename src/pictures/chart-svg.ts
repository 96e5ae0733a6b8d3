import type { ChartGraph } from '../statechart/graph.ts'
import { chartStyle } from './chart-colours.ts'
import type { StateRow } from './chart-content.ts'
import { type ChartLayout, ICON_WIDTH, LABEL, layoutChart, type PlacedArrow, type PlacedState, ROW, TITLE } from './chart-layout.ts'
import { chartLegend, LEGEND_HEIGHT } from './chart-legend.ts'
import { arrowHead, dot, inset, line, person, px, rectangle, text } from './svg-shapes.ts'
import { escapeXml } from './xml.ts'

/** What a run has done to the chart: the ids of its active states and of the edges of its last step. */
export interface ChartMarks {
  readonly active?: readonly string[]
  readonly taken?: readonly string[]
}

/**
 * The chart as a standalone SVG, readable on light and on dark ground. Each state and each edge carries its id as `data-id`;
 * those of `marks` have the classes `active` and `taken`. Rejects with `InvalidInput` where no layout is found.
 */
export const chartSvg = async (graph: ChartGraph, marks: ChartMarks = {}): Promise<string> => {
  const layout = await layoutOf(graph)
  const active = new Set(marks.active)
  const taken = new Set(marks.taken)
  const legend = chartLegend(graph, marks.active !== undefined || marks.taken !== undefined)
  const width = Math.max(layout.width, legend.width)
  const height = layout.height + LEGEND_HEIGHT
  const name = graph.version === null ? graph.id : `${graph.id} ${graph.version}`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="refold-chart" data-chart="${escapeXml(graph.id)}" role="img" width="${String(width)}" height="${String(height)}" viewBox="0 0 ${String(width)} ${String(height)}">`,
    `<title>Statechart ${escapeXml(name)}</title>`,
    `<style>${chartStyle()}</style>`,
    `<rect class="paper" width="100%" height="100%"/>`,
    ...layout.states.map((state) => stateShape(state, active, taken)),
    ...layout.starts.map(({ box, points }) => `<g class="start">${dot(box)}${line(points)}${arrowHead(points)}</g>`),
    ...takenLast(layout.arrows.flatMap(lineShapes), taken),
    ...layout.arrows.map((arrow) => labelShapes(arrow, taken)),
    `<g transform="translate(0 ${String(layout.height)})">${legend.svg}</g>`,
    '</svg>',
    '',
  ].join('\n')
}

/** A layout takes some hundred milliseconds and the same graph is drawn with many marks. */
const layouts = new WeakMap<ChartGraph, Promise<ChartLayout>>()

const layoutOf = (graph: ChartGraph): Promise<ChartLayout> => {
  const layout = layouts.get(graph) ?? layoutChart(graph)
  layouts.set(graph, layout)
  return layout
}

interface EdgeShape {
  readonly edgeId: string
  readonly svg: string
}

/** What is drawn later lies above. */
const takenLast = (shapes: readonly EdgeShape[], taken: ReadonlySet<string>): readonly string[] =>
  shapes
    .toSorted((a, b) => Number(taken.has(a.edgeId)) - Number(taken.has(b.edgeId)))
    .map(({ edgeId, svg }) => edgeGroup(edgeId, taken, svg))

const edgeGroup = (edgeId: string, taken: ReadonlySet<string>, svg: string): string =>
  `<g class="${taken.has(edgeId) ? 'edge taken' : 'edge'}" data-id="${escapeXml(edgeId)}">${svg}</g>`

/** Transitions that share an arrow each draw its whole line, so that any of them can be marked alone. */
const lineShapes = ({ arrow, points }: PlacedArrow): readonly EdgeShape[] =>
  arrow.labels.map(({ edgeId }) => ({ edgeId, svg: line(points) + arrowHead(points) }))

/** The labels of one arrow, on a plate that hides the line behind them. */
const labelShapes = ({ arrow, label }: PlacedArrow, taken: ReadonlySet<string>): string => {
  if (label === null) return ''
  const texts = arrow.labels.map(({ edgeId, lines, hint }, at) => {
    const above = arrow.labels.slice(0, at).reduce((height, other) => height + other.lines.length * LABEL.height + LABEL.gap, 0)
    const top = label.y + above + LABEL.size
    const words = lines.map((each, row) => text('label middle', each, { x: label.x + label.width / 2, y: top + row * LABEL.height }))
    return edgeGroup(edgeId, taken, `<title>${escapeXml(hint)}</title>${words.join('')}`)
  })
  return rectangle('plate', label, 3) + texts.join('')
}

const stateShape = (state: PlacedState, active: ReadonlySet<string>, taken: ReadonlySet<string>): string => {
  const { node } = state
  const human = node.tags.includes('human')
  const whole = node.parent === null
  const classes = ['state', node.type, ...(whole ? ['whole'] : []), ...(human ? ['human'] : []), ...(active.has(node.id) ? ['active'] : [])]
  const hint = node.description === null ? node.id : `${node.id}: ${node.description}`
  const open = `<g class="${classes.join(' ')}" data-id="${escapeXml(node.id)}"><title>${escapeXml(hint)}</title>`
  if (node.type === 'history') return `${open}${historyShape(state)}</g>`
  return [
    open,
    rectangle('box', state, 8),
    node.final ? rectangle('inner', inset(state, 4), 5) : '',
    human ? person(state.x + state.width - ICON_WIDTH - 2, state.y + 6) : '',
    text('title', node.key, { x: state.x + 12, y: state.y + 19 }),
    ...state.rows.map((row, at) => rowShape(row, { x: state.x + 12, y: state.y + TITLE.height + 13 + at * ROW.height }, taken)),
    '</g>',
  ].join('')
}

const rowShape = (row: StateRow, place: { readonly x: number; readonly y: number }, taken: ReadonlySet<string>): string => {
  const words = text('row', row.text, place)
  return row.edgeId === null ? words : edgeGroup(row.edgeId, taken, `<title>${escapeXml(row.hint)}</title>${words}`)
}

const historyShape = ({ x, y, width, height, node }: PlacedState): string => {
  const centre = { x: x + width / 2, y: y + height / 2 }
  return [
    `<circle class="box" cx="${px(centre.x)}" cy="${px(centre.y)}" r="${px(width / 2)}"/>`,
    text('title middle', node.history === 'deep' ? 'H*' : 'H', { x: centre.x, y: centre.y + 5 }),
  ].join('')
}
