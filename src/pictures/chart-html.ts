import type { ChartGraph } from '../statechart/graph.ts'
import { visibleText } from '../text.ts'
import { chartSvg } from './chart-svg.ts'
import { playerScript, playerStyle } from './trace-player.ts'
import { escapeXml } from './xml.ts'

/** One step of a run, as it is shown. */
export interface TraceStep {
  /** What happened: the type of the event. */
  readonly label: string
  /** The ids of the states that are active after it. */
  readonly active: readonly string[]
  /** The ids of the edges that it took. */
  readonly taken: readonly string[]
  /** What else a reader should know of it; may be empty. */
  readonly note: string
}

/**
 * The chart as one HTML file that needs no network. With a trace, a slider, the arrow keys and a list step through the run,
 * and `#3` behind the address opens the third step. Rejects with `InvalidInput` where no layout is found.
 */
export const chartHtml = async (graph: ChartGraph, trace: readonly TraceStep[] = []): Promise<string> => {
  const [first] = trace
  const svg = await chartSvg(graph, first === undefined ? {} : { active: first.active, taken: first.taken })
  const name = escapeXml(graph.version === null ? graph.id : `${graph.id} ${graph.version}`)
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${name}</title>`,
    `<style>${playerStyle}</style>`,
    '</head>',
    '<body>',
    `<header><h1>${name}</h1>${first === undefined ? '' : controls(trace)}</header>`,
    `<main><div id="picture">${svg}</div>${first === undefined ? '' : stepList(trace)}</main>`,
    ...(first === undefined
      ? []
      : [`<script type="application/json" id="trace">${scriptJson(trace.map(visibleStep))}</script>`, `<script>${playerScript}</script>`]),
    '</body>',
    '</html>',
    '',
  ].join('\n')
}

const controls = (trace: readonly TraceStep[]): string =>
  [
    '<button id="back" title="one step back (arrow left)" aria-label="one step back">◀</button>',
    `<input id="slider" type="range" min="0" max="${String(trace.length - 1)}" value="0" aria-label="step of the run">`,
    '<button id="forth" title="one step on (arrow right)" aria-label="one step on">▶</button>',
    `<output id="count">1 / ${String(trace.length)}</output>`,
    '<p id="said" aria-live="polite"><b id="label"></b> <span id="note"></span></p>',
  ].join('')

const stepList = (trace: readonly TraceStep[]): string =>
  `<ol id="steps">${trace.map(({ label }) => `<li><button>${escapeXml(label)}</button></li>`).join('')}</ol>`

/** Its ids as the picture names them. */
const visibleStep = ({ label, active, taken, note }: TraceStep): TraceStep => ({
  label: visibleText(label),
  active: active.map(visibleText),
  taken: taken.map(visibleText),
  note: visibleText(note),
})

/** JSON that cannot end the script element it stands in. */
const scriptJson = (value: unknown): string => JSON.stringify(value).replace(/</g, '\\u003c')
