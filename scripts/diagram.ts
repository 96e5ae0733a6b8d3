// Draws what the documentation shows of the code: the folders of src with their arrows and the numbered invariants into
// docs/architecture.md, and the two charts that every run is folded by. With --check it only says whether they are what the code says.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { agentRun } from '../src/machines/agent-run.ts'
import { toolCall } from '../src/machines/tool-call.ts'
import { elkHere } from '../src/pictures/chart-layout.ts'
import { chartSvg } from '../src/pictures/chart-svg.ts'
import { drawChart, pictureHash } from '../src/pictures/drawn-chart.ts'
import { chartGraph, type ChartGraph } from '../src/statechart/graph.ts'
import { folderGraph, mainArrows } from './folder-graph.ts'
import { withGenerated, writeOrCheck } from './generated-files.ts'
import { invariantList } from './invariants.ts'

const PAGE = 'docs/architecture.md'
const SHARED = new Set([
  'errors.ts',
  'clock.ts',
  'json.ts',
  'hash.ts',
  'hash.node.ts',
  'hash.browser.ts',
  'present.ts',
  'when-asked.ts',
  'known-options.ts',
  'text.ts',
  'logger.ts',
  'private-files.ts',
  'secrets.ts',
])
const PURE = new Set(['events', 'statechart', 'machines', 'projections', 'guardrails', 'fold'])

const nameOf = (folder: string): string => folder.replace(/\W/g, '_')

const mermaid = (): string => {
  const arrows = mainArrows(folderGraph(), SHARED)
  const folders = [...new Set(arrows.flat())].sort()
  return [
    '```mermaid',
    'flowchart TD',
    ...folders.map((folder) => `  ${nameOf(folder)}${PURE.has(folder) ? `(["${folder}"])` : `["${folder}"]`}`),
    ...arrows.map(([from, to]) => `  ${nameOf(from)} --> ${nameOf(to)}`),
    `  classDef pure fill:#d7f5dd,stroke:#1a7f37,color:#1f2328`,
    `  class ${folders
      .filter((folder) => PURE.has(folder))
      .map(nameOf)
      .join(',')} pure`,
    '```',
  ].join('\n')
}

/** A picture for pages, and what the service draws it from, so that it need not lay it out. */
const imagesOf = async (name: string, graph: ChartGraph): Promise<readonly (readonly [path: string, text: string])[]> => [
  [`docs/images/${name}.svg`, await chartSvg(graph)],
  [`docs/images/${name}.json`, `${JSON.stringify({ hash: pictureHash(graph), ...(await drawChart(graph, elkHere)) })}\n`],
]

const path = resolve(import.meta.dirname, '..', PAGE)
const page = withGenerated(withGenerated(readFileSync(path, 'utf8'), 'folders', mermaid()), 'invariants', invariantList())
// The page is written by hand but for these parts, so it is laid out like all others.
const laidOut = await format(page, { ...(await resolveConfig(path)), parser: 'markdown' })

writeOrCheck(
  new Map([
    [PAGE, laidOut],
    ...(await imagesOf('agent-run', chartGraph(agentRun))),
    ...(await imagesOf('tool-call', chartGraph(toolCall))),
  ]),
  'run npm run diagram',
)
