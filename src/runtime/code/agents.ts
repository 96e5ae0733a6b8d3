import { AppError, attempted } from '../../errors.ts'
import { definitionChanges, type Definition, definitionHash } from '../../events/definition.ts'
import type { DataOf } from '../../events/run-events.ts'
import type { RunRow } from '../../projections/run-index.ts'
import { beginning } from '../../text.ts'
import type { Agent } from '../agent.ts'
import type { Notice } from '../notices.ts'
import { codeChanged, structureChanged } from './code-errors.ts'

/** The agents that this process knows, several versions of one name side by side. */
export interface Agents {
  /** The version given last for this name: what a new run begins with. Throws `UnknownAgent`. */
  newest(name: string): Agent
  /** @internal An agent that is one of them. Throws `UnknownAgent` for any other, whatever its name. */
  exactly(agent: Agent): Agent
  /** @internal The agent that a run began with. Throws `UnknownAgent` or `ChartChanged`. */
  ofRun(runId: string, started: Pick<DataOf<'RunStarted'>, 'agent' | 'agentVersion' | 'chartHash' | 'definition'>): Agent
  all(): readonly Agent[]
}

/**
 * Tells once of each definition that runs of an agent began with and that the code no longer has. Throws `InvalidConfiguration` for two agents
 * of one id, and for one that needs another dependency than those that are given.
 */
export const agentRegistry = (
  agents: readonly Agent[],
  notify: (notice: Notice) => void = () => undefined,
  dependencies: Dependencies = {},
): Agents => {
  const told = new Set<string>()
  const tell = (runId: string, agent: Agent, recorded: Definition | undefined): void => {
    const changes = recorded === undefined ? [] : definitionChanges(recorded, agent.definition)
    const key = `${agent.id} ${changes.join()}`
    if (changes.length === 0 || told.has(key)) return
    told.add(key)
    notify({ type: 'agentChanged', agent: agent.id, runId, changes })
  }

  const asGiven = new Map<Agent, Agent>()
  const byId = new Map<string, Agent>()
  const newest = new Map<string, Agent>()
  for (const agent of agents) {
    if (byId.has(agent.id))
      throw new AppError('InvalidConfiguration', `Expected one agent ${agent.id}, found two: give the changed one a new version`)
    const equipped = equip(agent, dependencies)
    asGiven.set(agent, equipped)
    byId.set(agent.id, equipped)
    newest.set(agent.name, equipped)
  }
  return {
    newest: (name) => {
      const agent = newest.get(name)
      if (agent === undefined) throw unknown(name, [...newest.keys()])
      return agent
    },
    exactly: (agent) => {
      for (const [given, known] of asGiven) if (given === agent || known === agent) return known
      const id = attempted(
        () => agent.id,
        (read) => (typeof read === 'string' ? read : 'agent'),
      )
      throw unknown(`another ${id.ok ? id.value : 'agent'}`, [...byId.keys()])
    },
    ofRun: (runId, started) => {
      const id = `${started.agent}@${started.agentVersion}`
      const agent = byId.get(id)
      if (agent === undefined) throw unknown(id, [...byId.keys()], runId)
      if (agent.program.chartHash !== started.chartHash) throw structureChanged(runId, agent, started.chartHash)
      if (isOtherCode(agent, started.definition)) throw codeChanged(runId, agent)
      tell(runId, agent, started.definition)
      return agent
    },
    all: () => [...byId.values()],
  }
}

export type Dependencies = Readonly<Record<string, unknown>>

/** With the dependencies that its code declares. */
const equip = (agent: Agent, given: Dependencies): Agent => {
  const needed = [...agent.tools.values()].map((tool) => [`the tool ${tool.name}`, tool] as const)
  const { input = [], output = [], action = [] } = agent.guardrails
  const guarding = [...input, ...output, ...action].map((guardrail) => [`the guardrail ${guardrail.name}`, guardrail] as const)
  const names = [...needed, ...guarding].flatMap(([who, { dependencies = {} }]) =>
    Object.keys(dependencies).map((name) => {
      if (Object.hasOwn(given, name) && given[name] !== undefined) return name
      throw new AppError(
        'InvalidConfiguration',
        `Expected the dependency ${name}, which ${who} of ${agent.id} needs, found ${Object.keys(given).join(', ') || 'none'}: give it in \`dependencies\``,
        { details: { agent: agent.id, dependency: name } },
      )
    }),
  )
  return names.length === 0
    ? agent
    : { ...agent, dependencies: Object.freeze(Object.fromEntries(names.map((name) => [name, given[name]]))) }
}

/** Runs of before it was recorded have nothing but the comparison of their events. */
const isOtherCode = (agent: Agent, recorded: Definition | undefined): boolean =>
  recorded !== undefined && recorded.code !== agent.definition.code

/** `name@version`, with room. */
const LONGEST_WANTED = 500

const unknown = (wanted: string, known: readonly string[], runId?: string): AppError =>
  new AppError(
    'UnknownAgent',
    `Expected one of the agents ${known.join(', ') || '(none)'}, found ${beginning(wanted, LONGEST_WANTED)}${
      runId === undefined ? '' : `, with which ${runId} was started: keep that version in the list of agents until its runs have ended`
    }`,
    { details: { wanted: beginning(wanted, LONGEST_WANTED), known, runId } },
  )

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
