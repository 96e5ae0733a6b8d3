import { AppError, attempted, isAppError } from '../../errors.ts'
import { textContent, type ContentPart } from '../../events/content.ts'
import type { GivenContent } from '../../events/given-content.ts'
import type { Limits } from '../../events/limits.ts'
import type { DataOf, RunFact, RunSettings } from '../../events/run-events.ts'
import type { Metadata } from '../../events/metadata.ts'
import type { Tags } from '../../events/tags.ts'
import type { RunState } from '../../fold/run-state.ts'
import { deepFrozen, type Json } from '../../json.ts'
import { present } from '../../present.ts'
import { emptyTranscript } from '../../projections/transcript.ts'
import type { JobDecision } from '../actors/jobs.ts'
import type { Agent } from '../agent.ts'
import type { CommandOrigin } from '../checked-input.ts'
import { checkedJson } from '../checked-json.ts'
import type { SealedStartOptions } from '../seal-options.ts'
import { strangeBlob } from '../given-content.ts'
import { hashOfStart } from './repeated-commands.ts'

export interface StartOptions<Input = unknown, Context = unknown, Data = unknown> extends CommandOrigin {
  /** Chosen by the caller, so that a repeated start is one start; a fresh UUID otherwise. */
  readonly runId?: string | undefined
  /** What is said first: a text, or parts. */
  readonly message?: GivenContent | undefined
  /** What a program says with the message; no model sees it. JSON, as its agent's `messageData` schema says. */
  readonly data?: Data | undefined
  /** What a chart of your own begins with: JSON, as its agent's `input` schema says. */
  readonly input?: Input | undefined
  /** What its code may know beside that: JSON, as its agent's `context` schema says. */
  readonly context?: Context | undefined
  /** By which people find the run again, as `{ customer: 'ann' }`; runs that it starts have them too. */
  readonly tags?: Tags | undefined
  /** What a program notes about the run for itself: JSON, shown with it; runs that it starts have it too. */
  readonly metadata?: Metadata | undefined
  /** Whose run it is, where several share a log; runs that it starts are theirs too. */
  readonly tenant?: string | undefined
  /** It reaches nothing outside but what this names. Absent, it is a run like any other. */
  readonly sealed?: SealedStartOptions | undefined
}

/** A run that another run asked for. */
export interface ChildOf {
  readonly parent: { readonly runId: string; readonly callId: string; readonly depth: number }
  readonly correlationId: string
  /** What its parent has left: it may spend no more, whatever its agent may. */
  readonly limits: Limits
  /** It goes on from an older copy of the log: what it asks for may have begun before. */
  readonly ofRestored: boolean
}

export interface NewRun {
  readonly agent: Agent
  readonly runId: string
  readonly options: Omit<StartOptions<Json, Json, Json>, 'message'>
  readonly message?: string | readonly ContentPart[] | undefined
  /** That the message names. */
  readonly bytes: readonly Uint8Array[]
  /** What the schemas of the agent are asked about, once it is certain that there is no such run. */
  readonly given: Given
  readonly child: ChildOf | undefined
  /** As it is recorded. */
  readonly sealed?: DataOf<'RunStarted'>['sealed'] | undefined
  /** Told that there is such a run already. */
  readonly found?: () => void
}

interface Given {
  readonly input: Json | undefined
  readonly context: Json | undefined
}

/** What a run begins with, as the schemas of its agent leave it. */
interface InitialData extends Given {
  /** Where the agent makes them from the context. */
  readonly instructions: string | undefined
}

const tried = <Result>(make: () => Result): Result | AppError => {
  try {
    return make()
  } catch (error) {
    if (isAppError(error)) return error
    throw error
  }
}

/** Throws `InvalidInput` for what the agent cannot begin with, and `CodeFailed` where its code throws at it. */
export const initialDataOf = (agent: Agent, given: Given): InitialData => {
  const input = asSchemaLeaves(agent, 'input', given.input)
  const context = asSchemaLeaves(agent, 'context', given.context)
  return { input, context, instructions: instructionsFor(agent, context) }
}

/** Throws `InvalidInput` for what its schema does not take. */
export const asSchemaLeaves = (agent: Agent, field: 'input' | 'context' | 'messageData', given: Json | undefined): Json | undefined => {
  const schema = agent[field]
  if (schema === undefined) return given
  const checked = checkedJson(schema, given)
  if (checked.ok) return given === undefined && checked.value === null ? undefined : checked.value
  throw new AppError(
    'InvalidInput',
    `Expected the ${field === 'messageData' ? `data that a message to ${agent.id} comes with` : `${field} that ${agent.id} begins with`}, found something else: ${checked.problem}`,
    {
      details: present({ field, problem: checked.problem, cause: checked.cause }),
    },
  )
}

/** UTF-16 units. */
const LONGEST_INSTRUCTIONS = 1024 * 1024

const instructionsFor = ({ id, instructionsFor: make }: Agent, context: Json | undefined): string | undefined => {
  if (make === undefined) return undefined
  const made = attempted(
    () => make(deepFrozen(context ?? null)),
    (text) => {
      if (typeof text !== 'string') throw new Error(`expected a text, found ${typeof text}`)
      if (text.length > LONGEST_INSTRUCTIONS) throw new Error(`expected ${LONGEST_INSTRUCTIONS} characters at most, found ${text.length}`)
      return text
    },
  )
  if (made.ok) return made.value
  throw new AppError('CodeFailed', `${id} could not make the instructions of a run: ${made.problem}`, { details: { agent: id } })
}

/** Throws `InvalidInput` for a blob that nobody has said. */
const receivedFirst = (
  message: NewRun['message'],
  bytes: readonly Uint8Array[],
  dataOf: () => Json | undefined,
): DataOf<'MessageReceived'> | undefined => {
  if (message === undefined) return undefined
  const parts = typeof message === 'string' ? textContent(message) : [...message]
  const strange = strangeBlob(parts, { transcript: emptyTranscript, bytes, where: 'the message' })
  if (strange !== undefined) throw strange
  return { parts, ...present({ data: dataOf() }) }
}

/** A start that is repeated finds its run; one that meets the run of another agent or tenant is refused. */
export const startDecision = (
  { agent, runId, options, message, bytes, given, child, sealed, found }: NewRun,
  state: RunState | undefined,
): JobDecision => {
  if (state !== undefined) {
    const refuse = otherRun(state, { agent, runId, options, child })
    if (refuse !== undefined) return { refuse }
    found?.()
    return { facts: [] }
  }
  const { data, tenant, tags, metadata, commandId, actor, traceparent, sealed: seal } = options
  const beginning = tried(() => ({
    ...initialDataOf(agent, given),
    received: receivedFirst(message, bytes, () => asSchemaLeaves(agent, 'messageData', data)),
  }))
  if (isAppError(beginning)) return { refuse: beginning }
  const { received, ...begun } = beginning
  const started: RunFact = {
    type: 'RunStarted',
    data: {
      agent: agent.name,
      agentVersion: agent.version,
      chartHash: agent.program.chartHash,
      settings: settingsFor(agent, { child, model: seal?.model }),
      definition: agent.definition,
      ...present({ ...begun, parent: child?.parent, tenant, tags, metadata, sealed }),
    },
  }
  return {
    facts: [started, ...(received === undefined ? [] : [{ type: 'MessageReceived' as const, data: received }])],
    origin: present({
      commandId,
      actor,
      traceparent,
      commandHash:
        options.runId === undefined
          ? undefined
          : hashOfStart({ agent: agent.name, message, data, tags, metadata, input: options.input, context: options.context, sealed: seal }),
    }),
  }
}

const settingsFor = (
  agent: Agent,
  { child, model }: { readonly child: ChildOf | undefined; readonly model: string | undefined },
): RunSettings => {
  if (child !== undefined) return { ...asTask(agent), limits: child.limits }
  return model === undefined ? agent.settings : { ...agent.settings, models: agent.settings.models.map(() => model) }
}

/** Why a run that is there is not the one that is to be begun. */
const otherRun = (
  { started }: RunState,
  { agent, runId, options, child }: Pick<NewRun, 'agent' | 'runId' | 'options' | 'child'>,
): AppError | undefined => {
  if (started.tenant !== options.tenant) return taken(runId, 'taken')
  if (started.forkOf !== undefined) return taken(runId, `a fork of ${started.forkOf.runId}`, 'IdempotencyKeyReused')
  if (started.agent !== agent.name) return taken(runId, `a run of ${started.agent}`, 'IdempotencyKeyReused')
  return isSameCall(started.parent, child?.parent) ? undefined : taken(runId, originOf(started.parent))
}

/** A run is adopted by nobody: neither one that was there before by a parent, nor a child by whoever names its id. */
const isSameCall = (one: DataOf<'RunStarted'>['parent'], other: ChildOf['parent'] | undefined): boolean =>
  one?.runId === other?.runId && one?.callId === other?.callId

const originOf = (parent: DataOf<'RunStarted'>['parent']): string =>
  parent === undefined ? 'a run that nobody but its caller asked for' : `a run that ${parent.runId} asked for by its call ${parent.callId}`

const taken = (runId: string, by: string, code: 'InvalidInput' | 'IdempotencyKeyReused' = 'InvalidInput'): AppError =>
  new AppError(code, `Expected a new run id, found ${runId}, which is ${by}`, { details: { runId } })

/** Nobody would end a conversation that another run has begun: the answer of its first turn is its output. */
export const asTask = (agent: Agent): RunSettings =>
  agent.conversational ? { ...agent.settings, checksOutput: true, endsWithOutput: true } : agent.settings
