import type { RecordedRunEvent, RunEvent } from '../../events/envelope.ts'
import type { RunState } from '../../fold/run-state.ts'
import { versionOf } from '../commands/move-check.ts'
import { notFound, readRun } from '../reading/run-reader.ts'
import type { RuntimeParts } from '../runtime-parts.ts'
import type { Otherwise } from './compared-decisions.ts'
import { decidedAt, type Deciding } from './decided-at.ts'
import { promptChange } from './prompt-change.ts'

// A recorded run, decided again by another version of its agent. What came from outside (people, models, tools, time) is taken from the record;
// what the run decided then is decided again by the charts, guardrails, limits, schemas and approvals of that version. Nothing is performed.
// The first decision that differs ends it: what is recorded behind it followed from another. A prompt that differs ends nothing.

export interface DifferentDecision extends Otherwise {
  readonly revision: number
  readonly type: RunEvent['type']
}

export interface DecidedAgain {
  readonly runId: string
  /** `name@version` */
  readonly from: string
  readonly to: string
  /** Looked at: all of them, or those up to the difference. */
  readonly events: number
  /** The first one; null where every decision is the same. */
  readonly decision: DifferentDecision | null
  /** The first call up to there that a model would be asked otherwise. */
  readonly prompt: DifferentDecision | null
}

type DecidingParts = Pick<RuntimeParts, 'log' | 'blobs' | 'agents'>

interface Fold extends Deciding {
  state: RunState | undefined
  from: string
  /** As the record has made them of the context. */
  instructions: string | undefined
  events: number
  decision: DifferentDecision | null
  prompt: DifferentDecision | null
}

/** Rejects with `RunNotFound`, `RunDeleted`, and with `UnknownAgent` where this process has no such version. */
export const decideAgain = async (parts: DecidingParts, runId: string, version: string): Promise<DecidedAgain> => {
  let fold: Fold | undefined
  for await (const { event } of readRun(parts, runId)) {
    fold ??= beginning(parts, event, version)
    await take(parts, fold, event)
    if (fold.decision !== null) break
  }
  if (fold === undefined) throw notFound(runId)
  const { agent, from, events, decision, prompt } = fold
  return { runId, from, to: agent.id, events, decision, prompt }
}

const beginning = ({ agents }: DecidingParts, { runId, type, data }: RecordedRunEvent, version: string): Fold => {
  if (type !== 'RunStarted') throw notFound(runId)
  const agent = versionOf(agents, { name: data.agent, version, runId })
  const checked = { input: data.settings.checksInput, output: data.settings.checksOutput }
  const none = { state: undefined, instructions: undefined, decision: null, prompt: null }
  return { agent, agents, checked, from: '', events: 0, ...none }
}

const take = async ({ blobs }: DecidingParts, fold: Fold, event: RecordedRunEvent): Promise<void> => {
  const place = { revision: event.revision, type: event.type }
  fold.events += 1
  if (event.type === 'RunStarted' || event.type === 'RunMoved') {
    fold.from = `${event.data.agent}@${event.data.agentVersion}`
    fold.instructions = event.data.instructions
  }
  const { other, state, decided } = decidedAt(fold, fold.state, event)
  if (event.type === 'ModelCallRequested' && decided?.type === 'ModelCallRequested' && fold.prompt === null) {
    const instructions = { recorded: fold.instructions, now: state?.started.instructions }
    const change = await promptChange(blobs, { recorded: event.data, decided: decided.data, prompt: fold.agent.prompt, instructions })
    if (change !== undefined) fold.prompt = { ...place, ...change }
  }
  if (other !== undefined) fold.decision = { ...place, ...other }
  fold.state = state
}
