import { z } from 'zod'
import { anything, callId, revision } from './contract.ts'

// Charts as graphs and as pictures, and what an event did to them.

const CHART_HASH = /^[0-9a-f]{16}$/

export const chartPath = z.object({ hash: z.string().regex(CHART_HASH, 'expected 16 hexadecimal digits') })

export const chartList = z
  .object({
    charts: z
      .array(
        z.object({
          hash: z.string().meta({ description: 'of all that is in its pictures' }),
          name: z.string(),
          version: z.string().nullable(),
          kind: z.enum(['run', 'toolCall']),
        }),
      )
      .readonly(),
    agents: z
      .array(
        z.object({
          agent: z.string().meta({ example: 'support@1' }),
          isNewest: z.boolean(),
          chartHash: z.string().meta({ description: 'as its runs record it, of the structure of both charts' }),
          run: z.string().meta({ description: 'hash of the chart of its runs' }),
          toolCall: z.string().meta({ description: 'hash of the chart of their tool calls' }),
        }),
      )
      .readonly(),
  })
  .meta({ id: 'ChartList' })

const action = z.object({ name: z.string(), kind: z.string(), params: anything, asks: z.array(z.string()).readonly() })

const node = z.object({
  id: z.string(),
  key: z.string(),
  type: z.enum(['atomic', 'compound', 'parallel', 'final', 'history']),
  parent: z.string().nullable(),
  initial: z.string().nullable(),
  initialActions: z.array(action).readonly(),
  history: z.enum(['shallow', 'deep']).nullable(),
  final: z.boolean(),
  tags: z.array(z.string()).readonly(),
  description: z.string().nullable(),
  entry: z.array(action).readonly(),
  exit: z.array(action).readonly(),
})

const edge = z.object({
  id: z.string(),
  source: z.string(),
  target: z.string(),
  kind: z.string(),
  event: z.string(),
  guard: z.string().nullable(),
  actions: z.array(action).readonly(),
  internal: z.boolean(),
  reenter: z.boolean(),
  description: z.string().nullable(),
  label: z.string().meta({ description: 'as a picture has it: `ToolCallFailed [mayRetry] / callTool`' }),
})

/** The shape of `Shape` in src/pictures/shapes.ts. Lengths are pixels. */
const shape = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('rect'),
    className: z.string(),
    x: z.number(),
    y: z.number(),
    width: z.number(),
    height: z.number(),
    rx: z.number(),
  }),
  z.object({ kind: z.literal('circle'), className: z.string(), cx: z.number(), cy: z.number(), r: z.number() }),
  z.object({ kind: z.literal('path'), className: z.string(), d: z.string() }),
  z.object({ kind: z.literal('text'), className: z.string(), x: z.number(), y: z.number(), text: z.string() }),
])

const group = z.object({
  layer: z
    .enum(['state', 'start', 'line', 'label', 'legend'])
    .meta({ description: 'of lines, those that are marked are to be drawn above the others' }),
  className: z
    .string()
    .meta({ description: 'where there is an `id`, `state …` or `edge`: the marks `active` and `taken` are added to it' }),
  id: z.string().optional().meta({ description: 'of the state or edge; several groups may be of one edge: its line, and its label' }),
  title: z.string().optional().meta({ description: 'what a pointer that rests on it is told' }),
  x: z.number().optional().meta({ description: 'the group is moved by so much' }),
  y: z.number().optional(),
  shapes: z.array(shape).readonly(),
})

const picture = z
  .object({
    width: z.number(),
    height: z.number(),
    groups: z.array(group).readonly().meta({ description: 'in drawing order: what comes later lies above' }),
  })
  .meta({ id: 'ChartPicture' })

export const chart = z
  .object({
    hash: z.string(),
    graph: z.object({
      id: z.string(),
      version: z.string().nullable(),
      nodes: z.array(node).readonly(),
      edges: z.array(edge).readonly(),
    }),
    full: picture.meta({ description: 'with the labels of all edges' }),
    compact: picture.meta({ description: 'without effects and labels of edges' }),
    legend: picture,
  })
  .meta({ id: 'Chart' })

export const chartStep = z
  .object({
    runId: z.string(),
    revision,
    charts: z
      .array(
        z.object({
          callId: callId.nullable().meta({ description: 'of a tool call that the event moved; null is the chart of the run' }),
          chart: z.string().meta({ description: 'hash of the chart' }),
          active: z.array(z.string()).readonly().meta({ description: 'ids of states after the event, the outermost first' }),
          taken: z.array(z.string()).readonly().meta({ description: 'ids of the edges that the event took, exactly' }),
        }),
      )
      .readonly(),
  })
  .meta({ id: 'ChartStep' })
