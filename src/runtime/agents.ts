import { AppError } from '../errors.ts'
import type { DataOf } from '../events/run-events.ts'
import type { Agent } from './agent.ts'
import { structureChanged } from './chart-changed.ts'

/** The agents that this process knows, several versions of one name side by side. */
export interface Agents {
  /** The version given last for this name: what a new run begins with. Throws `UnknownAgent`. */
  newest(name: string): Agent
  /** The agent that a run began with. Throws `UnknownAgent` or `ChartChanged`. */
  ofRun(runId: string, started: Pick<DataOf<'RunStarted'>, 'agent' | 'agentVersion' | 'chartHash'>): Agent
  all(): readonly Agent[]
}

export const agentRegistry = (agents: readonly Agent[]): Agents => {
  const byId = new Map<string, Agent>()
  const newest = new Map<string, Agent>()
  for (const agent of agents) {
    if (byId.has(agent.id))
      throw new AppError('InvalidConfiguration', `Expected one agent ${agent.id}, found two: give the changed one a new version`)
    byId.set(agent.id, agent)
    newest.set(agent.name, agent)
  }
  return {
    newest: (name) => {
      const agent = newest.get(name)
      if (agent === undefined) throw unknown(name, [...newest.keys()])
      return agent
    },
    ofRun: (runId, started) => {
      const id = `${started.agent}@${started.agentVersion}`
      const agent = byId.get(id)
      if (agent === undefined) throw unknown(id, [...byId.keys()], runId)
      if (agent.program.chartHash !== started.chartHash) throw structureChanged(runId, agent, started.chartHash)
      return agent
    },
    all: () => [...byId.values()],
  }
}

const unknown = (wanted: string, known: readonly string[], runId?: string): AppError =>
  new AppError(
    'UnknownAgent',
    `Expected one of the agents ${known.join(', ') || '(none)'}, found ${wanted}${
      runId === undefined ? '' : `, with which ${runId} was started: keep that version in the list of agents until its runs have ended`
    }`,
    { details: { wanted, known, runId } },
  )
