import { setTimeout as pause } from 'node:timers/promises'
import { isAppError } from '../src/errors.ts'
import type { RunRow } from '../src/projections/run-index.ts'
import { reactions } from '../simulation/reactions.ts'
import type { Stage } from './stage.ts'
import { commandsOverBus, commandsOverHttp } from './commands.ts'

const LOOK_EVERY_MS = 300
/** A command that did nothing by then was given in vain, for another state of the run: it is given again. */
const PATIENCE_MS = 4_000
const MOST_RUNS = 2_000

/**
 * People who do whatever a run waits for: they see it in the views, and say it over the bus, or over HTTP where there is none. Until the signal.
 */
export const playPeople = async (stage: Stage, signal: AbortSignal): Promise<void> => {
  const commands = stage.kafka === undefined ? commandsOverHttp(stage.url) : commandsOverBus(stage.kafka)
  const requestedAt = new Map<string, number>()
  const attend = async ({ runId }: RunRow): Promise<void> => {
    const view = await stage.refold.run(runId).state()
    if (view.status !== 'active') return
    for (const [name, command] of reactions(view, stage.ledger)) {
      const commandId = `${runId}-${name}`
      const now = performance.now()
      if ((requestedAt.get(commandId) ?? -Infinity) + PATIENCE_MS > now) continue
      requestedAt.set(commandId, now)
      await commands.publish(runId, { ...command, commandId })
    }
  }
  while (!signal.aborted) {
    try {
      const active = await stage.refold.views.list({ status: 'active', limit: MOST_RUNS })
      for (const row of active.filter(isForPeople)) await attend(row)
    } catch (error) {
      // The store, or the database of the views, is away.
      if (!isAppError(error)) throw error
    }
    await pause(LOOK_EVERY_MS)
  }
  await commands.close()
}

/** Of charts of their own the views do not know which states are for people; a run that is its parent's needs nobody's message. */
const isForPeople = ({ waitsFor, agent, attentionAt, parent }: RunRow): boolean =>
  (waitsFor !== null && parent === undefined) ||
  (agent === 'trip' && attentionAt === null) ||
  waitsFor === 'human' ||
  waitsFor === 'approval'
