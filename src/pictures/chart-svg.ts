import type { ChartGraph } from '../statechart/graph.ts'
import { chartStyle } from './chart-colours.ts'
import { layoutChart, type ChartLayout } from './chart-layout.ts'
import { chartLegend, chartPicture } from './chart-picture.ts'
import type { Shape, ShapeGroup } from './shapes.ts'
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
  const picture = chartPicture(await layoutOf(graph))
  const legend = chartLegend(graph, marks.active !== undefined || marks.taken !== undefined)
  const width = Math.max(picture.width, legend.width)
  const height = picture.height + legend.height
  const name = graph.version === null ? graph.id : `${graph.id} ${graph.version}`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="refold-chart" data-chart="${escapeXml(graph.id)}" role="img" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>Statechart ${escapeXml(name)}</title>`,
    `<style>${chartStyle()}</style>`,
    `<rect class="paper" width="100%" height="100%"/>`,
    ...takenLast(picture.groups, new Set(marks.taken)).map((group) => groupText(group, marksOf(group, marks))),
    `<g transform="translate(0 ${picture.height})">${legend.groups.map((group) => groupText(group, '')).join('')}</g>`,
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

/** What is drawn later lies above: among the lines, those that were taken. */
const takenLast = (groups: readonly ShapeGroup[], taken: ReadonlySet<string>): readonly ShapeGroup[] => {
  const isTaken = ({ id = '' }: ShapeGroup): boolean => taken.has(id)
  const lines = groups.filter(({ layer }) => layer === 'line')
  const raised = [...lines.filter((line) => !isTaken(line)), ...lines.filter(isTaken)]
  const first = groups.findIndex(({ layer }) => layer === 'line')
  return first < 0 ? groups : groups.toSpliced(first, lines.length, ...raised)
}

const marksOf = ({ className, id }: ShapeGroup, { active = [], taken = [] }: ChartMarks): string => {
  if (id === undefined) return ''
  return className === 'edge' ? (taken.includes(id) ? ' taken' : '') : active.includes(id) ? ' active' : ''
}

const groupText = ({ className, id, title, x, y, shapes }: ShapeGroup, mark: string): string =>
  [
    `<g class="${className}${mark}"`,
    id === undefined ? '' : ` data-id="${escapeXml(id)}"`,
    x === undefined && y === undefined ? '' : ` transform="translate(${x ?? 0} ${y ?? 0})"`,
    '>',
    title === undefined ? '' : `<title>${escapeXml(title)}</title>`,
    ...shapes.map(shapeText),
    '</g>',
  ].join('')

const shapeText = (shape: Shape): string => {
  switch (shape.kind) {
    case 'rect':
      return `<rect class="${shape.className}" x="${shape.x}" y="${shape.y}" width="${shape.width}" height="${shape.height}" rx="${shape.rx}"/>`
    case 'circle':
      return `<circle class="${shape.className}" cx="${shape.cx}" cy="${shape.cy}" r="${shape.r}"/>`
    case 'path':
      return `<path class="${shape.className}" d="${shape.d}"/>`
    case 'text':
      return `<text class="${shape.className}" x="${shape.x}" y="${shape.y}">${escapeXml(shape.text)}</text>`
  }
}
