import { hrefOf, type Query } from '../address/address.ts'
import { pathPart } from '../address/path-part.ts'
import type { StepRow } from '../server/contract.ts'
import type { NumberedGraph } from './recorded-numbers.ts'

export const chartHref = (agent: string, query: Query = {}): string => hrefOf(`/charts/${pathPart(agent)}`, query)

/** Of an agent's version, `name@version`; a version has no @. */
export const nameAndVersion = (agent: string): readonly [name: string, version: string] => {
  const at = agent.lastIndexOf('@')
  return at < 0 ? [agent, ''] : [agent.slice(0, at), agent.slice(at + 1)]
}

interface Of {
  readonly agent: string
  readonly since: number | undefined
}

const runsHref = ({ agent, since }: Of, word: string, more: Query = {}): string => {
  const [name, version] = nameAndVersion(agent)
  return hrefOf('/runs', {
    q: [`agent:${name}`, `version:${version}`, word]
      .filter((each) => each !== '')
      .map(quoted)
      .join(' '),
    since: since === undefined ? undefined : String(since),
    ...more,
  })
}

/** Runs that are in a state now, or in one inside it. */
export const hereNowHref = (agent: string, graph: NumberedGraph, id: string): string =>
  runsHref({ agent, since: undefined }, `state:${placeOf(graph, id)}`, { status: 'active' })

const quoted = (word: string): string => (/[\s"]/.test(word) ? `"${word.replaceAll('"', '""')}"` : word)

/** All runs of a version. */
export const versionHref = (agent: string): string => runsHref({ agent, since: undefined }, '')

/** Runs that have taken a step. */
export const stepHref = (of: Of, { fromState, event, toState }: StepRow): string => runsHref(of, `took:${fromState}>${event}>${toState}`)

/** Runs that were ever in a state, or in one inside it. */
export const stateHref = (of: Of, graph: NumberedGraph, id: string): string => runsHref(of, `visited:${placeOf(graph, id)}`)

/** `thinking.callingModel` of `agent-run.thinking.callingModel`: a chart's own name may have dots too. */
const placeOf = (graph: NumberedGraph, id: string): string => {
  const node = graph.nodes.find((each) => each.id === id)
  if (node?.parent === undefined || node.parent === null) return ''
  return [placeOf(graph, node.parent), node.key].filter((part) => part !== '').join('.')
}
