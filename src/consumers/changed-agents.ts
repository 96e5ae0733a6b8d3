import { messageOf } from '../errors.ts'
import { codeStanding } from '../runtime/code/agents.ts'
import { agentAt } from '../runtime/reading/fold-run.ts'
import type { RuntimeParts } from '../runtime/runtime-parts.ts'
import type { ViewStore } from '../views/view-store.ts'

type Parts = Pick<RuntimeParts, 'log' | 'blobs' | 'agents' | 'notify'> & { readonly views: ViewStore }

/** Of each agent so many open runs are looked at, the newest ones. */
const RUNS_OF_AN_AGENT = 100

/** Tells, by views that are up to the log, of agents whose code is not what their open runs began with. */
export const tellChangedAgents = async (parts: Parts): Promise<void> => {
  for (const agent of parts.agents.all()) {
    const rows = await parts.views.list({ agent: agent.name, status: 'active', limit: RUNS_OF_AN_AGENT })
    const changed = new Map(
      rows
        .filter((row) => row.agentVersion === agent.version && codeStanding(parts.agents, row) !== 'same')
        .map((row) => [row.definition?.hash, row.runId]),
    )
    for (const runId of changed.values()) await tell(parts, runId)
  }
}

/** The registry tells of it, once. */
const tell = async (parts: Parts, runId: string): Promise<void> => {
  try {
    await agentAt(parts, runId)
  } catch (error) {
    parts.notify({ type: 'runBroken', runId, message: messageOf(error) })
  }
}
