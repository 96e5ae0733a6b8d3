import type { ChartGraph } from '../statechart/graph.ts'
import type { StateRow } from './chart-content.ts'
import { ICON_WIDTH, LABEL, ROW, TITLE, type ChartLayout, type PlacedArrow, type PlacedState } from './chart-layout.ts'
import { arrow, circle, inset, person, rectangle, text, type ChartPicture, type Shape, type ShapeGroup } from './shapes.ts'
import { textWidth } from './text-width.ts'

/** A chart as shapes, nothing of it marked: the one picture that files, the command line and the page draw. */
export const chartPicture = ({ width, height, states, starts, arrows }: ChartLayout): ChartPicture => ({
  width,
  height,
  groups: [
    ...states.flatMap(stateGroups),
    ...starts.map(({ box, points }): ShapeGroup => ({
      layer: 'start',
      className: 'start',
      shapes: [circle('dot', box), ...arrow(points)],
    })),
    ...arrows.flatMap(lineGroups),
    ...arrows.flatMap(labelGroups),
  ],
})

/** Transitions that share an arrow each draw its whole line, so that any of them can be marked alone. */
const lineGroups = ({ arrow: { labels }, points }: PlacedArrow): readonly ShapeGroup[] =>
  labels.map(({ edgeId }) => ({ layer: 'line', className: 'edge', id: edgeId, shapes: arrow(points) }))

/** The labels of one arrow, on a plate that hides the line behind them. */
const labelGroups = ({ arrow: { labels }, label }: PlacedArrow): readonly ShapeGroup[] => {
  if (label === null) return []
  const texts = labels.map(({ edgeId, lines, hint }, index): ShapeGroup => {
    const above = labels.slice(0, index).reduce((height, other) => height + other.lines.length * LABEL.height + LABEL.gap, 0)
    const top = label.y + above + LABEL.size
    const words = lines.map((each, row) => text('label middle', each, { x: label.x + label.width / 2, y: top + row * LABEL.height }))
    return { layer: 'label', className: 'edge', id: edgeId, title: hint, shapes: words }
  })
  return [{ layer: 'label', className: 'plates', shapes: [rectangle('plate', label, 3)] }, ...texts]
}

/** The state, and what of its rows are edges of their own. */
const stateGroups = (state: PlacedState): readonly ShapeGroup[] => {
  const { node } = state
  const isHuman = node.tags.includes('human')
  const classes = ['state', node.type, ...(node.parent === null ? ['whole'] : []), ...(isHuman ? ['human'] : [])]
  const group = {
    layer: 'state',
    className: classes.join(' '),
    id: node.id,
    title: node.description === null ? node.id : `${node.id}: ${node.description}`,
  } as const
  if (node.type === 'history') return [{ ...group, shapes: historyShapes(state) }]
  const rows = state.rows.map((row, index) => ({ row, shape: rowShape(row, state, index) }))
  return [
    {
      ...group,
      shapes: [
        rectangle('box', state, 8),
        ...(node.final ? [rectangle('inner', inset(state, 4), 5)] : []),
        ...(isHuman ? [person(state.x + state.width - ICON_WIDTH - 2, state.y + 6)] : []),
        text('title', node.key, { x: state.x + 12, y: state.y + 19 }),
        ...rows.flatMap(({ row, shape }) => (row.edgeId === null ? [shape] : [])),
      ],
    },
    ...rows.flatMap(({ row, shape }): ShapeGroup[] =>
      row.edgeId === null ? [] : [{ layer: 'state', className: 'edge', id: row.edgeId, title: row.hint, shapes: [shape] }],
    ),
  ]
}

const rowShape = (row: StateRow, { x, y }: PlacedState, index: number): Shape =>
  text('row', row.text, { x: x + 12, y: y + TITLE.height + 13 + index * ROW.height })

const historyShapes = (state: PlacedState): readonly Shape[] => [
  circle('box', state),
  text('title middle', state.node.history === 'deep' ? 'H*' : 'H', { x: state.x + state.width / 2, y: state.y + state.height / 2 + 5 }),
]

const LEGEND_HEIGHT = 34

interface Sign {
  readonly words: string
  readonly className: string
  readonly shapes: readonly Shape[]
}

const SAMPLE = { x: 0, y: 2, width: 24, height: 16 }
const PATH = [
  { x: 0, y: 10 },
  { x: 24, y: 10 },
]

const box = (className: string, words: string, ...extra: readonly Shape[]): Sign => ({
  words,
  className: `state ${className}`,
  shapes: [rectangle('box', SAMPLE, 4), ...extra],
})

/** A line that explains the signs, of those that a picture of this chart can hold. */
export const chartLegend = (graph: ChartGraph, hasMarks: boolean): ChartPicture => {
  const signs: readonly Sign[] = [
    { words: 'starts here', className: 'start', shapes: [circle('dot', { x: 7, y: 5, width: 10, height: 10 })] },
    ...(hasMarks ? [box('atomic active', 'active now'), { words: 'taken last', className: 'edge taken', shapes: arrow(PATH) }] : []),
    ...(graph.nodes.some((node) => node.tags.includes('human')) ? [box('human', 'waits for a person', person(6, 3))] : []),
    ...(graph.nodes.some((node) => node.type === 'parallel') ? [box('parallel', 'all inside it at once')] : []),
    ...(graph.nodes.some((node) => node.final) ? [box('final', 'the end', rectangle('inner', inset(SAMPLE, 3), 2))] : []),
  ]
  let x = 14
  const groups = signs.flatMap(({ words, className, shapes }): ShapeGroup[] => {
    const sign: ShapeGroup = { layer: 'legend', className, x, y: 6, shapes }
    const said: ShapeGroup = { layer: 'legend', className: 'words', shapes: [text('legend', words, { x: x + 31, y: 20 })] }
    x += 31 + textWidth(words, LABEL.size) + 20
    return [sign, said]
  })
  return { width: x, height: LEGEND_HEIGHT, groups }
}
