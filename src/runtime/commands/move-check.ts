import { AppError } from '../../errors.ts'
import type { RecordedRunEvent } from '../../events/envelope.ts'
import { refoldStep, type Recorded } from '../../fold/replay.ts'
import type { RunState } from '../../fold/run-state.ts'
import { canonicalJson } from '../../json.ts'
import { beginning } from '../../text.ts'
import type { Agent } from '../agent.ts'
import type { Agents } from '../code/agents.ts'
import { readRun, notFound } from '../reading/run-reader.ts'
import type { RuntimeParts } from '../runtime-parts.ts'
import {
  recordedCallDifference,
  describeMoveDifference,
  type MoveDifference,
  presentDifferences,
  keptSettings,
} from './move-differences.ts'

/** Whether a run may go on with another version of its agent. */
export interface MoveCheck {
  readonly runId: string
  /** `name@version` */
  readonly from: string
  readonly to: string
  /** Of the newest event that was looked at. */
  readonly revision: number
  readonly ok: boolean
  /** Whether it is on that very code already. */
  readonly isThere: boolean
  /** The first ones; those behind the first may be its consequences. */
  readonly differences: readonly MoveDifference[]
  /** Settings of that version that do not come to hold: a run keeps those that it was started with. */
  readonly keeps: readonly string[]
}

export interface Examined extends MoveCheck {
  readonly agent: Agent
  /** As the code of that version folds it. Undefined where it cannot. */
  readonly state: RunState | undefined
  /** Whether this command was granted before. */
  readonly isRepeated: boolean
}

/** For whoever only asks. */
export const checkOnly = ({ agent: _, state: __, isRepeated: ___, ...check }: Examined): MoveCheck => check

export interface WantedMove {
  readonly runId: string
  readonly to: string
  readonly commandId?: string
  /** The last revision that it has to explain; all of them where it is absent. */
  readonly upTo?: number
}

const MOST_DIFFERENCES = 20

/**
 * Folds all of a run with the code of another version, and compares each step with the record; then what is open with what that version has.
 * Rejects with `RunNotFound`, and with `UnknownAgent` where this process has no such version.
 */
export const examineMove = async (parts: Pick<RuntimeParts, 'log' | 'blobs' | 'agents'>, wanted: WantedMove): Promise<Examined> => {
  const { runId, to, commandId, upTo = Infinity } = wanted
  let fold: Fold | undefined
  let isRepeated = false
  for await (const recorded of readRun(parts, runId)) {
    const { event } = recorded
    if (event.revision > upTo) break
    fold ??= {
      agent: versionOf(parts.agents, { name: event.type === 'RunStarted' ? event.data.agent : '', version: to, runId }),
      from: '',
      state: undefined,
      granted: new Set(),
      differences: [],
      isBlocked: false,
      revision: 0,
    }
    isRepeated ||= commandId !== undefined && event.meta.commandId === commandId
    note(fold, event)
    if (!fold.isBlocked) applyEvent(fold, recorded)
  }
  if (fold === undefined) throw notFound(runId)
  return { ...concluded(runId, fold), isRepeated }
}

const note = (fold: Fold, event: RecordedRunEvent): void => {
  if (event.type === 'RunStarted' || event.type === 'RunMoved') fold.from = `${event.data.agent}@${event.data.agentVersion}`
  if (event.type === 'ApprovalGranted') fold.granted.add(event.data.callId)
  fold.revision = event.revision
}

interface Fold {
  readonly agent: Agent
  from: string
  state: RunState | undefined
  readonly granted: Set<string>
  readonly differences: MoveDifference[]
  /** It cannot take in an event, so that nothing behind it can be said. */
  isBlocked: boolean
  revision: number
}

const applyEvent = (fold: Fold, recorded: Recorded & { readonly event: RecordedRunEvent }): void => {
  const { event } = recorded
  const place = { revision: event.revision, type: event.type }
  const input = fold.state === undefined ? undefined : recordedCallDifference(fold.agent, fold.state, event)
  const refold = refoldStep(fold.agent.program, fold.state, recorded)
  if (input !== undefined) fold.differences.push({ what: 'input', ...place, ...input })
  if (!refold.ok) {
    const { what, recorded: expected, refolded: found } = refold.difference
    fold.differences.push({ what, ...place, expected: expected || '(nothing)', found: found || '(nothing)' })
  }
  fold.isBlocked = refold.state === undefined || fold.differences.length >= MOST_DIFFERENCES
  fold.state = refold.state ?? fold.state
}

/** A version may be any text. */
const LONGEST_SHOWN = 200

/** Throws `UnknownAgent`. `runId`: whose it is to be. */
export const versionOf = (
  agents: Pick<Agents, 'all'>,
  { name, version, runId }: { readonly name: string; readonly version: string; readonly runId?: string },
): Agent => {
  const found = agents.all().find((agent) => agent.name === name && agent.version === version)
  if (found !== undefined) return found
  const known = agents.all().map(({ id }) => id)
  throw new AppError(
    'UnknownAgent',
    `Expected one of the agents ${known.join(', ')}, found ${name}@${beginning(version, LONGEST_SHOWN)}, to which ${runId ?? 'runs'} ${runId === undefined ? 'are' : 'is'} to move`,
    {
      details: { runId, wanted: `${name}@${beginning(version, LONGEST_SHOWN)}`, known },
    },
  )
}

const concluded = (
  runId: string,
  { agent, from, state, granted, differences, isBlocked, revision }: Fold,
): Omit<Examined, 'isRepeated'> => {
  const all = isBlocked || state === undefined ? differences : [...differences, ...presentDifferences(agent, state, granted)]
  return {
    runId,
    from,
    to: agent.id,
    revision,
    ok: all.length === 0,
    isThere: state !== undefined && isOn(agent, state),
    differences: all,
    keeps: state === undefined ? [] : keptSettings(agent, state),
    agent,
    state,
  }
}

const isOn = ({ version, program, definition }: Agent, { started }: RunState): boolean =>
  started.agentVersion === version &&
  started.chartHash === program.chartHash &&
  canonicalJson(started.definition ?? null) === canonicalJson(definition)

/** Why it cannot move. `retryable` where it can once what is under way has ended. */
export const notMovable = ({ runId, from, to, differences }: MoveCheck, isBusy: boolean): AppError => {
  const told = differences.slice(0, 3).map(describeMoveDifference)
  const more = differences.length - told.length
  return new AppError(
    'NotPossible',
    `${runId} cannot move from ${from} to ${to}: ${told.join('; ')}${more > 0 ? `; and ${more} more` : ''}`,
    {
      retryable: isBusy,
      details: { runId, command: 'move', from, to, differences },
    },
  )
}
