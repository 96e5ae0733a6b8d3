import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { drawChart, pictureHash, type DrawnChart } from '../pictures/drawn-chart.ts'
import { packageRoot } from '../package-root.ts'
import { withElkOffThread } from '../pictures/elk-off-thread.ts'
import type { Agents } from '../runtime/code/agents.ts'
import { chartGraph, type ChartGraph } from '../statechart/graph.ts'
import { edgeLabel } from '../statechart/labels.ts'

// The charts of all agents, each drawn once.

/** Of the charts that every agent has, laid out when the project is built. */
const DRAWN = join(packageRoot, 'docs/images')
const BUILT_IN = ['agent-run', 'tool-call'] as const

interface KnownChart {
  readonly graph: ChartGraph
  readonly kind: 'run' | 'toolCall'
}

export interface ChartCatalog {
  list(): {
    readonly charts: readonly {
      readonly hash: string
      readonly name: string
      readonly version: string | null
      readonly kind: KnownChart['kind']
    }[]
    readonly agents: readonly {
      readonly agent: string
      readonly isNewest: boolean
      readonly chartHash: string
      readonly run: string
      readonly toolCall: string
    }[]
  }
  /** Undefined where no agent has such a chart. Rejects with `InvalidInput` where no layout is found. */
  chart(hash: string): Promise<(DrawnChart & { readonly hash: string; readonly graph: LabelledGraph }) | undefined>
  /** Of the charts of an agent's runs. */
  hashesOf(agentId: string): { readonly run: string; readonly toolCall: string } | undefined
}

interface LabelledGraph extends Omit<ChartGraph, 'edges'> {
  readonly edges: readonly (ChartGraph['edges'][number] & { readonly label: string })[]
}

/** `layOut` is where layouts are computed. */
export const chartCatalog = (agents: Agents, layOut: typeof withElkOffThread = withElkOffThread): ChartCatalog => {
  const charts = new Map<string, KnownChart>()
  const ofAgents = new Map<string, { readonly run: string; readonly toolCall: string }>()
  const drawn = new Map<string, Promise<DrawnChart>>()
  let isRead = false
  let queue: Promise<unknown> = Promise.resolve()

  /** Once, when somebody first asks: to walk through every chart takes some milliseconds each. */
  const read = (): void => {
    if (isRead) return
    isRead = true
    for (const { id, program } of agents.all()) {
      const add = (graph: ChartGraph, kind: KnownChart['kind']): string => {
        const hash = pictureHash(graph)
        charts.set(hash, { graph, kind })
        return hash
      }
      ofAgents.set(id, {
        run: add(chartGraph(program.run.machine), 'run'),
        toolCall: add(chartGraph(program.toolCall.machine), 'toolCall'),
      })
    }
  }
  const draw = (hash: string, graph: ChartGraph): Promise<DrawnChart> => {
    const known = drawn.get(hash)
    if (known !== undefined) return known
    // One after the other: each takes a whole core.
    const picture = queue.then(async () => (await builtIn(hash)) ?? (await layOut((elk) => drawChart(graph, elk))))
    queue = picture.catch(() => undefined)
    drawn.set(hash, picture)
    // It may have been the thread alone.
    picture.catch(() => drawn.delete(hash))
    return picture
  }
  return {
    list() {
      read()
      return {
        charts: [...charts].map(([hash, { graph, kind }]) => ({ hash, name: graph.id, version: graph.version, kind })),
        agents: agents.all().flatMap((agent) => {
          const hashes = ofAgents.get(agent.id)
          if (hashes === undefined) return []
          const isNewest = agents.newest(agent.name) === agent
          return [{ agent: agent.id, isNewest, chartHash: agent.program.chartHash, ...hashes }]
        }),
      }
    },
    async chart(hash) {
      read()
      const known = charts.get(hash)
      if (known === undefined) return undefined
      const { graph } = known
      const labelled = { ...graph, edges: graph.edges.map((edge) => ({ ...edge, label: edgeLabel(edge) })) }
      return { hash, graph: labelled, ...(await draw(hash, graph)) }
    },
    hashesOf(agentId) {
      read()
      return ofAgents.get(agentId)
    },
  }
}

/** Of another version of the file, or where there is none, it is drawn anew. */
const builtIn = async (hash: string): Promise<DrawnChart | undefined> => {
  for (const name of BUILT_IN) {
    const text = await readFile(join(DRAWN, `${name}.json`), 'utf8').catch(() => '{}')
    const { hash: found, ...picture } = JSON.parse(text) as DrawnChart & { readonly hash?: string }
    if (found === hash) return picture
  }
  return undefined
}
