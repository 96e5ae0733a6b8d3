import { AppError, isAppError } from '../errors.ts'
import { shapeProblems } from '../events/codec.ts'
import type { RunEvent } from '../events/envelope.ts'
import { isRunEventType, type CodeOfRun } from '../events/run-events.ts'
import type { RunSpec } from './agent-spec.ts'
import { standardProgram } from './program.ts'
import { retrace, type Difference, type Retraced } from './replay.ts'
import type { Program, RunState } from './run-state.ts'
import { viewOf, type RunView } from './run-view.ts'
import { shown } from '../text.ts'

/** A run up to and with one event. It never changes, so any of them may be kept to go on from. */
export interface FoldedRun {
  readonly event: RunEvent
  /** Where the charts stand after it, as `meta.to` says it. */
  readonly to: string
  /** What the charts asked for, as `meta.intents` says it. */
  readonly intents: readonly string[]
  /** The first thing that the record says otherwise: it was made by other code than this. */
  readonly difference: Difference | undefined
  /** What `run.at(revision)` gives where the run is kept. */
  view(): RunView
  /** With the event after it. Throws as {@link foldRun} does. */
  next(event: RunEvent): FoldedRun
}

/**
 * Folds the events of a run, from its first on. The code of an agent on the standard chart is not needed; of any other its spec, or the agent
 * itself. `projections` are folded where a spec is given that has them.
 *
 * Throws `UnknownAgent` for a run on a chart of its own that no spec has, `ChartChanged` for one whose spec has another chart by now,
 * `UnknownEvent` for an event of a newer Refold, `UnexpectedEvent` for one that cannot follow, `EventLogCorrupt` for what is no event, and
 * `InvalidInput` without any.
 */
export const foldRun = (events: Iterable<RunEvent>, specs: readonly RunSpec[] = []): FoldedRun => {
  const all = listOf(events)
  const code = codeIn(specs)
  let folded: Folded | undefined
  for (const [index, event] of all.entries()) folded = advance(code, folded, event, () => all.slice(index + 1).filter(isMove))
  if (folded === undefined) throw new AppError('InvalidInput', 'Expected the events of a run, found none')
  return shownRun(code, folded)
}

const listOf = (events: Iterable<RunEvent>): readonly RunEvent[] => {
  const given: unknown = events
  if (typeof given === 'object' && given !== null && Symbol.iterator in given) return [...events]
  throw new AppError('InvalidInput', `Expected the events of a run, found ${shown(given)}`)
}

interface Folded {
  readonly program: Program
  readonly state: RunState
  readonly history: History
  readonly led: Pick<FoldedRun, 'event' | 'to' | 'intents' | 'difference'>
}

interface History {
  readonly event: RunEvent
  readonly before: History | undefined
}

type Code = (named: CodeOfRun) => Program | AppError

const codeIn = (specs: readonly RunSpec[]): Code => {
  const standard = standardProgram()
  const known = new Map(specs.map(({ id, program }) => [id, program]))
  return ({ agent, agentVersion, chartHash, definition }) => {
    const id = `${agent}@${agentVersion}`
    const program = known.get(id) ?? (definition?.code === undefined && chartHash === standard.chartHash ? standard : undefined)
    if (program === undefined) return unknown(id, [...known.keys()])
    return program.chartHash === chartHash ? program : changed(id, chartHash, program.chartHash)
  }
}

const shownRun = (code: Code, folded: Folded): FoldedRun => ({
  ...folded.led,
  view: () => viewOf(folded.program, folded.state),
  next: (event) => shownRun(code, advance(code, folded, event, noneIsKnown)),
})

type Move = Extract<RunEvent, { type: 'RunMoved' }>

/** The moves that are known to come: asked for where code is missing. */
type Later = () => readonly Move[]

const noneIsKnown: Later = () => []

const isMove = (event: RunEvent): event is Move => event.type === 'RunMoved'

/**
 * Each event is folded by the code that the run was on. Where that is not here, the code that it has moved to later stands in for it: whoever
 * moved it has checked that it explains all that had happened.
 */
const advance = (code: Code, before: Folded | undefined, event: RunEvent, later: Later): Folded => {
  checkEnvelope(event, before?.state)
  const program = programAt(code, before, event, later)
  if (before === undefined || before.program === program) return followed(program, before, event)
  let anew: Folded | undefined
  for (const earlier of eventsOf(before.history)) anew = followed(program, anew, earlier)
  return followed(program, anew, event)
}

const programAt = (code: Code, before: Folded | undefined, event: RunEvent, later: Later): Program => {
  const isNamed = event.type === 'RunStarted' || event.type === 'RunMoved'
  if (before !== undefined && !isNamed) return before.program
  const found = isNamed ? code(event.data) : unexpectedStart(event)
  if (!(found instanceof AppError)) return found
  for (const { data } of later()) {
    const standIn = code(data)
    if (!(standIn instanceof AppError)) return standIn
  }
  throw found
}

const followed = (program: Program, before: Folded | undefined, event: RunEvent): Folded => {
  const { led, disagreement } = retraced(program, before?.state, event)
  const { runId, revision, type } = event
  const { state, to, intents } = led
  const difference = disagreement && { runId, revision, type, ...disagreement }
  return { program, state, history: { event, before: before?.history }, led: { event, to, intents, difference } }
}

/** What an event lacks shows where something is asked of it. */
const retraced = (program: Program, before: RunState | undefined, event: RunEvent): Retraced => {
  try {
    return retrace(program, before, event)
  } catch (thrown) {
    const [problem] = isAppError(thrown) ? [] : shapeProblems(event)
    throw problem === undefined ? thrown : noEvent(event, problem)
  }
}

const eventsOf = (history: History): readonly RunEvent[] => {
  const events: RunEvent[] = []
  for (let at: History | undefined = history; at !== undefined; at = at.before) events.push(at.event)
  return events.reverse()
}

const checkEnvelope = (event: RunEvent, before: RunState | undefined): void => {
  checkParts(event)
  const { runId, revision } = event
  const next = before === undefined ? 0 : before.revision + 1
  if (revision !== next || runId !== (before?.runId ?? runId))
    throw new AppError('UnexpectedEvent', `Expected ${before?.runId ?? 'a run'} at ${next}, found ${place(event)}`)
}

const checkParts = (event: RunEvent): void => {
  const { type, data, meta, runId } = Object(event) as Readonly<Partial<Record<keyof RunEvent, unknown>>>
  if (typeof type !== 'string') throw noEvent(event, 'it has no type')
  if (!isRunEventType(type))
    throw new AppError('UnknownEvent', `Expected an event type of this version, found ${shown(type)} at ${place(event)}`)
  if (typeof runId !== 'string' || !isObject(data) || !isObject(meta)) throw noEvent(event, 'it has no run, no data or no meta')
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null

const place = (event: RunEvent): string => {
  const { runId, revision } = Object(event) as Readonly<Partial<Record<keyof RunEvent, unknown>>>
  return `${String(runId)}@${String(revision)}`
}

const noEvent = (event: RunEvent, problem: string): AppError =>
  new AppError('EventLogCorrupt', `Expected an event of a run at ${place(event)}, found another thing: ${problem}`)

const unexpectedStart = ({ runId, revision, type }: RunEvent): AppError =>
  new AppError('UnexpectedEvent', `Expected RunStarted at revision 0 of ${runId}, found ${type} at ${revision}`)

const unknown = (id: string, specs: readonly string[]): AppError =>
  new AppError(
    'UnknownAgent',
    `Expected the spec of ${id}, whose chart is not the standard one, found the specs ${specs.join(', ') || '(none)'}`,
    {
      details: { wanted: id, known: specs },
    },
  )

const changed = (id: string, recorded: string, found: string): AppError =>
  new AppError(
    'ChartChanged',
    `Expected the spec of ${id} to have the chart ${recorded}, with which the run is recorded, found the chart ${found}`,
    {
      details: { agent: id, recorded, found },
    },
  )
