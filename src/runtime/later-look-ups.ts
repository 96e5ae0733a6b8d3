import { messageOf } from '../errors.ts'
import type { RunFact } from '../events/run-events.ts'
import type { Owed, RunState } from '../fold/run-state.ts'
import type { Tool } from '../tools/tool.ts'
import type { Agent } from './agent.ts'
import type { Attempts } from './attempts.ts'
import { performLookUp } from './look-up.ts'
import type { RuntimeParts } from './runtime-parts.ts'

/** Looks up `once` calls that their run has stopped waiting for: what they did has to be known all the same. */
export interface LaterLookUps {
  /** Asks when the time of the call is up, unless the process ends before; what it said itself by then comes first. */
  plan(agent: Agent, state: RunState, owed: Owed): void
  stop(): void
}

export const createLaterLookUps = (
  parts: RuntimeParts,
  attempts: Attempts,
  report: (runId: string, owed: Owed, fact: RunFact) => Promise<unknown>,
): LaterLookUps => {
  const planned = new Set<() => void>()
  const end = new AbortController()

  const lookUp = async (agent: Agent, state: RunState, owed: Owed, tool: Tool): Promise<void> => {
    try {
      const lookedUp = { agent, state, owed, tool, signal: end.signal, late: () => undefined, attempts }
      await report(state.runId, owed, await performLookUp(parts, lookedUp))
    } catch (error) {
      if (!end.signal.aborted) parts.notify({ type: 'runBroken', runId: state.runId, message: messageOf(error) })
    }
  }

  return {
    plan(agent, state, owed) {
      const tool = agent.tools.get(state.calls.get(owed.key)?.tool ?? '')
      if (tool?.lookup === undefined || tool.effect !== 'once' || owed.status !== 'claimed' || end.signal.aborted) return
      const disarm = parts.clock.setTimer(tool.timeoutMs, () => {
        planned.delete(disarm)
        void lookUp(agent, state, owed, tool)
      })
      planned.add(disarm)
    },
    stop() {
      end.abort()
      for (const disarm of planned) disarm()
    },
  }
}
