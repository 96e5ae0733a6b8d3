import type { ChartGraph } from '../statechart/graph.ts'
import { LABEL } from './chart-layout.ts'
import { arrowHead, dot, inset, line, person, rectangle, text } from './svg-shapes.ts'
import { textWidth } from './text-width.ts'

export const LEGEND_HEIGHT = 34

interface Sign {
  readonly words: string
  readonly className: string
  readonly shape: string
}

const SAMPLE = { x: 0, y: 2, width: 24, height: 16 }
const PATH = [
  { x: 0, y: 10 },
  { x: 24, y: 10 },
]

const box = (className: string, words: string, extra = ''): Sign => ({
  words,
  className: `state ${className}`,
  shape: rectangle('box', SAMPLE, 4) + extra,
})

/** A line that explains the signs, of those that a picture of this chart can hold; with its width. */
export const chartLegend = (graph: ChartGraph, hasMarks: boolean): { readonly svg: string; readonly width: number } => {
  const signs = [
    { words: 'starts here', className: 'start', shape: dot({ x: 7, y: 5, width: 10, height: 10 }) },
    ...(hasMarks
      ? [box('atomic active', 'active now'), { words: 'taken last', className: 'edge taken', shape: line(PATH) + arrowHead(PATH) }]
      : []),
    ...(graph.nodes.some((node) => node.tags.includes('human')) ? [box('human', 'waits for a person', person(6, 3))] : []),
    ...(graph.nodes.some((node) => node.type === 'parallel') ? [box('parallel', 'all inside it at once')] : []),
    ...(graph.nodes.some((node) => node.final) ? [box('final', 'the end', rectangle('inner', inset(SAMPLE, 3), 2))] : []),
  ]
  let x = 14
  const parts = signs.map((sign) => {
    const part = `<g class="${sign.className}" transform="translate(${String(x)} 6)">${sign.shape}</g>${text('legend', sign.words, { x: x + 31, y: 20 })}`
    x += 31 + textWidth(sign.words, LABEL.size) + 20
    return part
  })
  return { svg: parts.join(''), width: x }
}
