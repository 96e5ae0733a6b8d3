import { AppError } from '../errors.ts'
import type { DataOf, Limits, RunFact, RunSettings } from '../events/run-events.ts'
import type { RunState } from '../fold/run-state.ts'
import type { Json } from '../json.ts'
import { present } from '../present.ts'
import type { Agent } from './agent.ts'
import { checkedJson } from './checked-json.ts'
import { hashOfStart } from './repeated-wish.ts'
import type { WishOrigin } from './batch.ts'
import type { JobDecision } from './job.ts'

export interface StartOptions<Input = unknown> extends WishOrigin {
  /** Chosen by the caller, so that a repeated start is one start; a fresh UUID otherwise. */
  readonly runId?: string | undefined
  readonly message?: string | undefined
  /** What a chart of your own begins with: JSON, as its agent's `input` schema says. */
  readonly input?: Input | undefined
  /** Whose run it is, where several share a log; runs that it starts are theirs too. */
  readonly tenant?: string | undefined
}

/** A run that another run asked for. */
export interface ChildOf {
  readonly parent: { readonly runId: string; readonly callId: string; readonly depth: number }
  readonly correlationId: string
  /** What its parent has left: it may spend no more, whatever its agent may. */
  readonly limits: Limits
}

export interface NewRun {
  readonly agent: Agent
  readonly runId: string
  readonly options: StartOptions<Json>
  /** What the agent's schema has made of that of the options. */
  readonly input: Json | undefined
  readonly child: ChildOf | undefined
  /** Told that there is such a run already. */
  readonly found?: () => void
}

const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/
/** UTF-8 bytes. */
const LARGEST_MESSAGE = 1024 * 1024

export const checkRunId = (runId: string): string => {
  if (!RUN_ID.test(runId))
    throw new AppError('InvalidInput', `Expected a run id of letters, digits, ., _ and -, found ${JSON.stringify(runId)}`)
  return runId
}

/** Throws `InvalidInput`. */
export const inputFor = ({ id, input: schema }: Agent, given: Json | undefined): Json | undefined => {
  if (schema === undefined) return given
  const checked = checkedJson(schema, given)
  if (checked.ok) return given === undefined && checked.value === null ? undefined : checked.value
  throw new AppError('InvalidInput', `Expected the input that ${id} begins with, found something else: ${checked.problem}`, {
    details: present({ problem: checked.problem, cause: checked.cause }),
  })
}

export const checkMessage = (message: string | undefined): void => {
  if (message === undefined) return
  const bytes = Buffer.byteLength(message)
  if (message.trim() === '') throw new AppError('InvalidInput', 'Expected a message, found an empty one')
  if (bytes > LARGEST_MESSAGE) throw new AppError('TooLarge', `Expected a message of ${LARGEST_MESSAGE} bytes at most, found ${bytes}`)
}

/** A start that is repeated finds its run; one that meets the run of another agent or tenant is refused. */
export const startDecision = ({ agent, runId, options, input, child, found }: NewRun, state: RunState | undefined): JobDecision => {
  if (state !== undefined) {
    const { started } = state
    if (started.tenant !== options.tenant) return { refuse: taken(runId, 'taken') }
    if (started.agent !== agent.name) return { refuse: taken(runId, `a run of ${started.agent}`) }
    if (!isSameCall(started.parent, child?.parent)) return { refuse: taken(runId, originOf(started.parent)) }
    found?.()
    return { facts: [] }
  }
  const { message, tenant, commandId, actor, traceparent } = options
  const started: RunFact = {
    type: 'RunStarted',
    data: {
      agent: agent.name,
      agentVersion: agent.version,
      chartHash: agent.program.chartHash,
      settings: child === undefined ? agent.settings : { ...asTask(agent), limits: child.limits },
      definition: agent.definition,
      ...present({ input, parent: child?.parent, tenant }),
    },
  }
  const received: RunFact[] = message === undefined ? [] : [{ type: 'MessageReceived', data: { text: message } }]
  return {
    facts: [started, ...received],
    wish: present({
      commandId,
      actor,
      traceparent,
      commandHash: options.runId === undefined ? undefined : hashOfStart({ agent: agent.name, message, input: options.input }),
    }),
  }
}

/** A run is adopted by nobody: neither one that was there before by a parent, nor a child by whoever names its id. */
const isSameCall = (one: DataOf<'RunStarted'>['parent'], other: ChildOf['parent'] | undefined): boolean =>
  one?.runId === other?.runId && one?.callId === other?.callId

const originOf = (parent: DataOf<'RunStarted'>['parent']): string =>
  parent === undefined ? 'a run that nobody but its caller asked for' : `a run that ${parent.runId} asked for by its call ${parent.callId}`

const taken = (runId: string, by: string): AppError =>
  new AppError('InvalidInput', `Expected a new run id, found ${runId}, which is ${by}`, { details: { runId } })

/** Nobody would end a conversation that another run has begun: the answer of its first turn is its output. */
export const asTask = ({ settings, conversational }: Agent): RunSettings =>
  conversational ? { ...settings, checksOutput: true, endsWithOutput: true } : settings
