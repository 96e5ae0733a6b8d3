import { shownContent, type ContentPart } from '../events/content.ts'
import type { RunEvent } from '../events/envelope.ts'
import { textOf, toolCallsOf, type Message } from '../events/message.ts'
import type { DataOf } from '../events/run-events.ts'
import { sha256 } from '../hash.ts'
import { canonicalJson, type Json, type JsonObject } from '../json.ts'
import { asksModel } from '../projections/recorded-transcript.ts'
import { applyToTranscript, emptyTranscript, lastAnswer, messagesOf, readInbox, type Transcript } from '../projections/transcript.ts'

/** What a case is made of: a whole run, each turn of it, or each call of a model. */
export type CaseOf = 'run' | 'turn' | 'call'

/** One example from a real run: what came in, where it stood then, and what came out. */
export interface DatasetCase {
  /** Of what came in: the same input, however often it was given, is one case. */
  readonly id: string
  readonly of: CaseOf
  /** Where to look: `refold fork RUN --at REVISION` goes on from there. */
  readonly source: { readonly runId: string; readonly revision: number; readonly agent: string }
  /** Cases of one task are never split. */
  readonly task: string
  readonly input: CaseInput
  readonly state: CaseState
  readonly output: CaseOutput
  /** What scorers look for; for what is not named here it is what came out, in `output`. */
  readonly expected?: CaseExpected | undefined
  /** The tags of the run, and what can be said of its end. */
  readonly labels: Readonly<Record<string, string>>
  /** Where the dataset is split. */
  readonly split?: 'train' | 'test' | undefined
}

export interface CaseInput {
  /** The conversation so far, its newest message last; of a run its first message. */
  readonly messages: readonly Message[]
  /** Of a run: what the user has said later, a message at a time, up to where it was over. */
  readonly followUps?: readonly FollowUp[] | undefined
  /** Of a chart of one's own. */
  readonly input?: Json | undefined
  readonly context?: Json | undefined
  /** What a program said with the message. */
  readonly data?: Json | undefined
  /** Of a call: the model that was asked. */
  readonly model?: string | undefined
}

export interface FollowUp {
  readonly parts: readonly ContentPart[]
  /** What a program said with it. */
  readonly data?: Json | undefined
}

/** Of the run, before what came in. */
export interface CaseState {
  readonly place: string
  readonly turn: number
}

export interface CaseOutput {
  readonly answer: string | null
  /** Of a run that has ended with a result. */
  readonly output: Json | null
  readonly toolCalls: readonly CaseToolCall[]
}

export interface CaseToolCall {
  readonly tool: string
  /** Of a call of a model: as it was written, where that is no JSON. */
  readonly input: Json
  /** `asked`: only the model's wish is known. */
  readonly outcome: 'asked' | 'succeeded' | 'failed' | 'rejected' | 'denied' | 'open'
  readonly output?: Json | undefined
  readonly message?: string | undefined
}

/** What somebody who knows has written into a case. */
export interface CaseExpected {
  readonly answer?: string | undefined
  /** Texts that have to stand in what the agent says. */
  readonly contains?: readonly string[] | undefined
  /** A JSON Schema of the output. */
  readonly schema?: JsonObject | undefined
  /** The calls that lead there. */
  readonly toolCalls?: readonly ExpectedToolCall[] | undefined
  /** By the name of a projection: how it ends, or the SHA-256 of that as canonical JSON. */
  readonly state?: Readonly<Record<string, Json | { readonly sha256: string }>> | undefined
  /** By the name of a scorer: what a person says of what came out, `pass` or `fail`. */
  readonly labels?: Readonly<Record<string, string>> | undefined
}

/** Whether an expected state is named by its hash alone. */
export const isHashOfState = (value: Json | { readonly sha256: string }): value is { readonly sha256: string } => {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 1) return false
  const hash = (value as JsonObject)['sha256']
  return typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash)
}

export interface ExpectedToolCall {
  readonly tool: string
  readonly input: Json
}

/** The cases of one run, from its first event on. What is not over yet is none. */
export const casesIn = (events: readonly RunEvent[], of: CaseOf): readonly DatasetCase[] => {
  const [first] = events
  if (first?.type !== 'RunStarted') return []
  const asides = new Set(
    events.flatMap((event) => (event.type === 'ModelCallRequested' && event.data.purpose === 'aside' ? [event.data.callId] : [])),
  )
  const reader = readerOf(first.data, of)
  const walk: Walk = { transcript: emptyTranscript, place: '', turn: 1, agent: first.meta.agent }
  for (const event of events) {
    const before = { ...walk }
    const said = applyToTranscript(walk.transcript, event)
    walk.transcript = asksModel(event, asides) ? readInbox(said) : said
    walk.agent = event.meta.agent
    reader.read(event, before, walk)
    walk.place = event.meta.to.split('; ')[0] ?? ''
    if (event.type === 'TurnCompleted') walk.turn = event.data.turn + 1
  }
  return reader.cases(labelsOf(first.data, events))
}

interface Walk {
  transcript: Transcript
  place: string
  turn: number
  agent: string
}

interface Begun {
  readonly source: DatasetCase['source']
  readonly input: CaseInput
  readonly state: CaseState
  readonly calls: Map<string, CaseToolCall>
  readonly followUps: FollowUp[]
}

interface Reader {
  read(event: RunEvent, before: Walk, after: Walk): void
  cases(labels: DatasetCase['labels']): readonly DatasetCase[]
}

const readerOf = (started: DataOf<'RunStarted'>, of: CaseOf): Reader => {
  const cases: Omit<DatasetCase, 'labels'>[] = []
  let begun: Begun | undefined
  const begin = (event: RunEvent, { place, turn }: Walk, input: CaseInput): void => {
    const source = { runId: event.runId, revision: event.revision, agent: event.meta.agent }
    begun = { source, input, state: { place, turn }, calls: new Map(), followUps: [] }
  }
  const end = (output: Omit<CaseOutput, 'toolCalls'>): void => {
    if (begun === undefined) return
    const { source, state, calls, followUps } = begun
    const input = followUps.length === 0 ? begun.input : { ...begun.input, followUps: [...followUps] }
    const id = sha256(canonicalJson({ of, agent: started.agent, input })).slice(0, 16)
    const found = { id, of, source, task: taskOf(started, id), input, state, output: { ...output, toolCalls: [...calls.values()] } }
    // A run is over with its last turn, until there is one more.
    if (of === 'run') cases[0] = found
    else {
      cases.push(found)
      begun = undefined
    }
  }
  return {
    read(event, before, { transcript }) {
      if (of === 'run' && begun !== undefined && event.type === 'MessageReceived') begun.followUps.push(followUpAt(event))
      if (begins(event, of, begun !== undefined))
        begin(event, before, inputAt(event, started, { of, before: before.transcript, after: transcript }))
      if (begun !== undefined) noteCall(begun.calls, event, of)
      const output = outputAt(event, of, transcript)
      if (output !== undefined) end(output)
    },
    cases: (labels) => cases.map((each) => ({ ...each, labels })),
  }
}

const begins = ({ type, revision, ...event }: RunEvent, of: CaseOf, isUnderWay: boolean): boolean => {
  if (of === 'call') return type === 'ModelCallRequested' && !isUnderWay && (event.data as DataOf<'ModelCallRequested'>).purpose !== 'aside'
  if (isUnderWay) return false
  return (
    type === 'MessageReceived' || (of === 'run' && type === 'RunStarted' && revision === 0 && hasInput(event.data as DataOf<'RunStarted'>))
  )
}

const hasInput = ({ input }: DataOf<'RunStarted'>): boolean => input !== undefined

interface Heard {
  readonly of: CaseOf
  readonly before: Transcript
  readonly after: Transcript
}

const inputAt = (event: RunEvent, { input, context }: DataOf<'RunStarted'>, { of, before, after }: Heard): CaseInput => ({
  messages: of === 'call' ? [...messagesOf(after)] : [...messagesOf(before), ...saidAt(event)],
  ...(input === undefined ? {} : { input }),
  ...(context === undefined ? {} : { context }),
  ...(event.type === 'MessageReceived' && event.data.data !== undefined ? { data: event.data.data } : {}),
  ...(event.type === 'ModelCallRequested' ? { model: event.data.model } : {}),
})

const followUpAt = ({ data: { parts, data } }: Extract<RunEvent, { type: 'MessageReceived' }>): FollowUp => ({
  parts,
  ...(data === undefined ? {} : { data }),
})

const saidAt = (event: RunEvent): readonly Message[] =>
  event.type === 'MessageReceived' ? [{ role: 'user', parts: event.data.parts }] : []

/** Undefined while it is not over. */
const outputAt = (event: RunEvent, of: CaseOf, transcript: Transcript): Omit<CaseOutput, 'toolCalls'> | undefined => {
  const answer = lastAnswer(transcript) ?? null
  switch (event.type) {
    case 'ModelCallSucceeded':
      return of === 'call' ? { answer: textOf(event.data.parts), output: null } : undefined
    case 'TurnCompleted':
      return of === 'call' ? undefined : { answer, output: null }
    case 'RunCompleted':
      return of === 'call' ? undefined : { answer, output: event.data.output ?? null }
    case 'RunFailed':
    case 'RunCancelled':
      return of === 'call' ? undefined : { answer, output: null }
    default:
      return undefined
  }
}

/** A call, and the event that asked for it. */
export interface PlacedToolCall extends CaseToolCall {
  readonly callId: string
  readonly revision: number
}

/** All calls that these events ask for, in that order. */
export const toolCallsIn = (events: readonly RunEvent[]): readonly PlacedToolCall[] => {
  const calls = new Map<string, CaseToolCall>()
  const revisions = new Map<string, number>()
  for (const event of events) {
    noteCall(calls, event, 'run')
    if (calls.size > revisions.size) for (const callId of calls.keys()) if (!revisions.has(callId)) revisions.set(callId, event.revision)
  }
  return [...calls].map(([callId, call]) => ({ ...call, callId, revision: revisions.get(callId) ?? 0 }))
}

const noteCall = (calls: Map<string, CaseToolCall>, event: RunEvent, of: CaseOf): void => {
  const settle = (callId: string, settled: Pick<CaseToolCall, 'outcome' | 'output' | 'message'>): void => {
    const call = calls.get(callId)
    if (call !== undefined) calls.set(callId, { ...call, ...settled })
  }
  switch (event.type) {
    case 'ModelCallSucceeded':
      toolCallsOf(event.data.parts).forEach(({ name, argumentsText }, index) => {
        calls.set(`${event.revision}.${index}`, { tool: name, input: parsed(argumentsText), outcome: of === 'call' ? 'asked' : 'open' })
      })
      return
    case 'ToolCallRequested': {
      const { callId, tool, input } = event.data
      calls.set(callId, { tool, input, outcome: 'open' })
      return
    }
    case 'ToolCallSucceeded':
      return settle(event.data.callId, { outcome: 'succeeded', output: event.data.output })
    case 'ToolCallFailed':
      return event.data.retryAt === undefined ? settle(event.data.callId, { outcome: 'failed', message: event.data.message }) : undefined
    case 'ToolCallRejected':
      return settle(event.data.callId, { outcome: 'rejected', message: event.data.message })
    case 'ToolCallDenied':
      return settle(event.data.callId, { outcome: 'denied', message: event.data.reason })
    default:
  }
}

const parsed = (text: string): Json => {
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}

/** Runs that are tagged with a task are attempts at it. */
const taskOf = ({ tags }: DataOf<'RunStarted'>, id: string): string => tags?.['task'] ?? id

const labelsOf = ({ tags = {} }: DataOf<'RunStarted'>, events: readonly RunEvent[]): DatasetCase['labels'] => {
  const had = (type: RunEvent['type']): boolean => events.some((event) => event.type === type)
  const end = events.findLast(({ type }) => type === 'RunCompleted' || type === 'RunFailed' || type === 'RunCancelled')?.type
  return {
    ...tags,
    end: end === undefined ? 'open' : end.slice('Run'.length).toLowerCase(),
    ...(had('RunEscalated') ? { escalated: 'yes' } : {}),
    ...(had('LimitExceeded') ? { limit: 'yes' } : {}),
    ...(had('InputRejected') || had('OutputRejected') ? { guardrail: 'yes' } : {}),
  }
}

/** What a person reads of it: its newest message, or its input. */
export const questionOf = ({ input: { messages, input } }: Pick<DatasetCase, 'input'>): string => {
  const last = messages.findLast(({ role }) => role === 'user')
  return last?.role === 'user' ? shownContent(last.parts) : canonicalJson(input ?? null)
}
