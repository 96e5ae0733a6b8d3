import { AppError } from '../errors.ts'
import type { Command } from '../fold/decide.ts'
import type { RunState } from '../fold/run-state.ts'
import type { Agent } from './agent.ts'

/** Messages that no prompt has held yet. The next prompt holds all of them. */
const MOST_UNREAD = 1_000
/** Of all of them, in UTF-16 units. */
const LONGEST_UNREAD = 4 * 1024 * 1024

/** Why a conversation takes no further message now. It takes more once its agent, or the person who owns it, has read them. */
export const tooManyUnread = ({ conversational }: Agent, { runId, transcript }: RunState, command: Command): AppError | undefined => {
  if (command.type !== 'sendMessage' || !conversational) return undefined
  const { inbox } = transcript
  const length = inbox.reduce((sum, text) => sum + text.length, command.text.length)
  if (inbox.length < MOST_UNREAD && length <= LONGEST_UNREAD) return undefined
  return new AppError(
    'NotPossible',
    `${runId} takes no further message until the ${inbox.length} that it has not read are read: ${MOST_UNREAD} may wait, and ${LONGEST_UNREAD} characters of them`,
    { retryable: true, details: { runId, command: command.type, unread: inbox.length } },
  )
}
