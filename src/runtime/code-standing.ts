import { definitionHash } from '../events/definition.ts'
import type { RunRow } from '../projections/run-index.ts'
import type { Agents } from './agents.ts'

/** What this process has of the code that a run began with. `otherChart`: the run cannot go on here. `changed`: it goes on, with other code around it. */
export type CodeStanding = 'same' | 'changed' | 'otherChart' | 'gone'

/** By the row of the run alone. Rows of before it was recorded say nothing of changes that the structure of the chart does not show. */
export const codeStanding = (
  agents: Agents,
  { agent, agentVersion, chartHash, definition }: Pick<RunRow, 'agent' | 'agentVersion' | 'chartHash' | 'definition'>,
): CodeStanding => {
  const now = agents.all().find(({ name, version }) => name === agent && version === agentVersion)
  if (now === undefined) return 'gone'
  if (now.program.chartHash !== chartHash) return 'otherChart'
  if (definition === undefined) return 'same'
  if (definition.code !== now.definition.code) return 'otherChart'
  return definition.hash === definitionHash(now.definition) ? 'same' : 'changed'
}
