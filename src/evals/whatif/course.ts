import { callIdAt } from '../../events/call-id.ts'
import { textOf, toolCallsOf } from '../../events/message.ts'
import type { RunEvent } from '../../events/envelope.ts'
import { canonicalJson } from '../../json.ts'
import { decisionWords } from '../../projections/decision-words.ts'
import { oneLine } from '../../projections/printable.ts'

/** One thing that a run, or an answer of a model, came to. */
export interface CourseStep {
  readonly revision: number
  /** By which steps are counted. */
  readonly words: string
  /** Arguments, or the text of an answer. */
  readonly said: string
  /** An answer in other words is none of another kind. */
  readonly isText: boolean
}

export interface CourseDifference {
  readonly recorded: string
  readonly now: string
  readonly detail: string
  /** Where it is in each of the two; null where one has ended by then. */
  readonly at: { readonly recorded: number | null; readonly now: number | null }
}

const LONGEST_WORDS = 200
const LONGEST_DETAIL = 1_000

/** What a run came to, step by step, without what every run does anyway. */
export const courseOf = (events: Iterable<RunEvent>): readonly CourseStep[] => {
  const [subjects, told] = [new Map<string, string>(), new Set<string>()]
  const steps: CourseStep[] = []
  for (const event of events) steps.push(...stepsAt(event, subjects, told))
  return steps
}

const stepsAt = (event: RunEvent, subjects: Map<string, string>, told: Set<string>): readonly CourseStep[] => {
  const callId = 'callId' in event.data ? event.data.callId : undefined
  if (event.type === 'ToolCallRequested') subjects.set(event.data.callId, event.data.tool)
  if (event.type === 'ApprovalRequested') subjects.set(event.data.callId, event.data.subject.tool ?? 'a question')
  if (event.type === 'ModelCallSucceeded') {
    for (const [index, { name }] of toolCallsOf(event.data.parts).entries()) subjects.set(callIdAt(event.revision, index), name)
    return answerSteps(event)
  }
  if (!isTold(event)) return []
  // A call that is claimed again, and a question that is asked again, say nothing new.
  const name = `${event.type} ${callId ?? event.revision}`
  if (told.has(name)) return []
  told.add(name)
  const words =
    event.type === 'ToolCallUnresolved'
      ? `cannot tell what ${subjectOf(subjects, callId)} would bring`
      : decisionWords(event, subjectOf(subjects, callId))
  return [step(event, words, argumentsOf(event))]
}

const subjectOf = (subjects: ReadonlyMap<string, string>, callId: string | undefined): string | undefined => subjects.get(callId ?? '')

const step = ({ revision }: RunEvent, words: string, said = '', isText = false): CourseStep => ({
  revision,
  words: oneLine(words, LONGEST_WORDS),
  said,
  isText,
})

const answerSteps = (event: Extract<RunEvent, { type: 'ModelCallSucceeded' }>): readonly CourseStep[] => {
  const calls = toolCallsOf(event.data.parts)
  if (calls.length === 0) return [step(event, 'answers', textOf(event.data.parts), true)]
  return calls.map(({ name, argumentsText }) => step(event, `wants ${name}`, canonicalArguments(argumentsText)))
}

/** What is no JSON is compared as it was written. */
const canonicalArguments = (text: string): string => {
  try {
    return canonicalJson(JSON.parse(text.trim() === '' ? '{}' : text))
  } catch {
    return text
  }
}

const TOLD: ReadonlySet<RunEvent['type']> = new Set([
  'InputRejected',
  'OutputRejected',
  'ToolCallRequested',
  'ToolCallRejected',
  'ToolCallDenied',
  'ToolCallUnresolved',
  'ApprovalRequested',
  'ChildRunRequested',
  'LimitExceeded',
  'RunCompleted',
  'RunFailed',
])

const isTold = ({ type, data }: RunEvent): boolean => {
  if (type === 'RunEscalated') return data.callId === undefined
  return TOLD.has(type) || (type === 'ModelCallFailed' && data.next === 'escalate')
}

const argumentsOf = ({ type, data }: RunEvent): string => {
  if (type === 'ToolCallRequested' || type === 'ChildRunRequested') return canonicalJson(data.input)
  if (type === 'RunCompleted') return canonicalJson(data.output ?? null)
  return type === 'ModelCallFailed' ? data.message : ''
}

/** The first difference; other words of an answer only where there is no other. */
export const courseDifference = (recorded: readonly CourseStep[], now: readonly CourseStep[]): CourseDifference | undefined => {
  let reworded: CourseDifference | undefined
  for (let at = 0; at < Math.max(recorded.length, now.length); at++) {
    const [was, is] = [recorded[at] ?? stopped, now[at] ?? stopped]
    if (was.words === is.words && was.said === is.said) continue
    if (was.words !== is.words || !was.isText) return difference(was, is)
    reworded ??= difference(was, is)
  }
  return reworded
}

/** Behind the end of one of the two. */
const stopped = { revision: null, words: 'stops', said: '', isText: false } as const

type Compared = CourseStep | typeof stopped

const difference = (was: Compared, is: Compared): CourseDifference => ({
  recorded: was.words,
  now: was.words === is.words ? `${is.words} ${was.isText ? 'in other words' : 'with other arguments'}` : is.words,
  detail: oneLine(is.said, LONGEST_DETAIL),
  at: { recorded: was.revision, now: is.revision },
})
