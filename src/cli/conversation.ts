import { isAppError } from '../errors.ts'
import type { Json } from '../json.ts'
import type { Run } from '../runtime/run-handle.ts'
import type { RunView } from '../fold/run-view.ts'
import type { CommandLine } from './command-line.ts'
import type { RunFollower } from './follow-run.ts'
import { unreadLines } from './view-text.ts'
import { lineReader, type LineReader } from './line-reader.ts'
import { valueLine } from '../projections/printable.ts'

type Action = () => Promise<void>

/** Goes on asking whoever sits at the terminal for what the run waits for, until it has ended or there is no more input. */
export const converse = async (line: CommandLine, run: Run, follower: RunFollower, first: RunView): Promise<RunView> => {
  const reader = lineReader(line)
  let view = first
  try {
    for (;;) {
      const action = await nextAction({ line, run, reader }, view)
      if (action === undefined) return view
      view = await granted(line, run, follower, action)
    }
  } finally {
    reader.close()
  }
}

/** Somebody else may have been faster. */
const granted = async (line: CommandLine, run: Run, follower: RunFollower, action: Action): Promise<RunView> => {
  try {
    return await follower.until(action)
  } catch (error) {
    if (!isAppError(error, 'NotPossible')) throw error
    await line.output.note(error.message)
    return run.state()
  }
}

interface Place {
  readonly line: CommandLine
  readonly run: Run
  readonly reader: LineReader
}

const nextAction = async (place: Place, view: RunView): Promise<Action | undefined> => {
  // Whoever sits here has been told in which run somebody has to act.
  if (view.waitsIn !== null) return undefined
  switch (view.waitsFor) {
    case 'message':
      return message(place)
    case 'approval':
      return approval(place, view)
    case 'human':
      return unresolvedCall(view) === undefined ? escalation(place, view) : settlement(place, view)
    case 'resume':
      return resumption(place)
    case null:
      return undefined
  }
}

const message = async ({ run, reader }: Place): Promise<Action | undefined> => {
  for (;;) {
    const text = await reader.ask('you> ')
    if (text === undefined) return undefined
    if (text.trim() !== '') return () => run.send({ message: text })
  }
}

const approval = async ({ line, run, reader }: Place, { approvals, revision }: RunView): Promise<Action | undefined> => {
  const [asked] = approvals
  if (asked === undefined) return undefined
  const { callId, subject, digest, unread } = asked
  for (const text of unreadLines(unread)) await line.output.note(text)
  const by = line.user
  const isGranted = await yesOrNo(reader, `approve ${callId} ${valueLine(subject)}? [y/n] `)
  if (isGranted === undefined) return undefined
  if (isGranted) return () => run.approve(callId, { by, digest, seen: revision })
  const reason = await reader.ask('why not? ')
  return reason === undefined ? undefined : () => run.deny(callId, { by, reason: reason === '' ? 'denied' : reason })
}

const unresolvedCall = ({ openEffects }: RunView): string | undefined => openEffects.find(({ intent }) => intent === 'lookUp')?.key

const settlement = async ({ line, run, reader }: Place, view: RunView): Promise<Action | undefined> => {
  const callId = unresolvedCall(view) ?? ''
  const call = view.toolCalls.find((each) => each.callId === callId)
  const by = line.user
  const happened = await yesOrNo(
    reader,
    `nobody knows whether ${callId} ${call?.tool ?? ''} ${valueLine(call?.input ?? null)} happened. did it? [y/n] `,
  )
  if (happened === undefined) return undefined
  const text = await reader.ask(happened ? 'its output, as JSON> ' : 'what went wrong> ')
  if (text === undefined) return undefined
  const outcome = happened ? { succeeded: true as const, output: jsonOrText(text) } : { succeeded: false as const, message: text }
  return () => run.settleToolCall(callId, { by, outcome })
}

const jsonOrText = (text: string): Json => {
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}

const escalation = async ({ line, run, reader }: Place, { reason }: RunView): Promise<Action | undefined> => {
  const why = reason === null ? '' : ` (${reason})`
  const text = await reader.ask(`a person owns the run${why}. answer for the agent, or nothing to leave it> `)
  return text === undefined || text.trim() === '' ? undefined : () => run.answer({ by: line.user, text })
}

const resumption = async ({ line, run, reader }: Place): Promise<Action | undefined> => {
  const isWanted = await yesOrNo(reader, 'the run is paused. resume it? [y/n] ')
  return isWanted === true ? () => run.resume({ by: line.user }) : undefined
}

const yesOrNo = async (reader: LineReader, prompt: string): Promise<boolean | undefined> => {
  for (;;) {
    const text = (await reader.ask(prompt))?.trim().toLowerCase()
    if (text === undefined) return undefined
    if (text === 'y' || text === 'yes') return true
    if (text === 'n' || text === 'no') return false
  }
}
