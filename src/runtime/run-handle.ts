import { AppError, isAppError } from '../errors.ts'
import type { RecordedRunEvent } from '../events/envelope.ts'
import type { Limits } from '../events/limits.ts'
import { deletionEventTypes } from '../events/run-events.ts'
import type { GivenContent, GivenPart } from '../events/given-content.ts'
import type { SettledOutcome } from '../fold/decide.ts'
import type { RunState } from '../fold/run-state.ts'
import type { Json } from '../json.ts'
import { present } from '../present.ts'
import { type CommandOrigin, checkedWaiting, checkRevision, checkVersion, readOptions } from './checked-input.ts'
import { isWithoutCode } from './code/code-errors.ts'
import { checkOnly, examineMove, type MoveCheck } from './commands/move-check.ts'
import type { Delta, Deltas } from './deltas.ts'
import { limitChanges, type LimitOptions } from '../fold/limits.ts'
import type { ForkOptions } from './forks/fork-options.ts'
import type { GivenCommand } from './given-content.ts'
import type { Known } from './reading/fold-run.ts'
import { followDeltas, type FollowedRun, followRun, type FollowOptions } from './reading/follow-run.ts'
import { deleted, readEvent, readSaidBlob, requireRun, type SaidBlob } from './reading/run-reader.ts'
import { viewOf, type RunView } from '../fold/run-view.ts'
import { beyond, stateAt } from './reading/state-at.ts'
import { readUnfolded, viewOfUnfolded } from './reading/unfolded-run.ts'
import { settledState } from './settled-state.ts'
import { verifyRun, type Verification } from './reading/verify-run.ts'
import type { RuntimeParts } from './runtime-parts.ts'
import type { Runtime } from './runtime.ts'
import { decideAgain, type DecidedAgain } from './whatif/decided-again.ts'

export interface MessageOptions extends CommandOrigin {
  /** A text, or parts: `[{ type: 'image', source: { type: 'bytes', data } }]`. */
  readonly message: GivenContent
  readonly data?: Json | undefined
}

export interface ByWhom {
  /** Who asks for it. */
  readonly by: string
}

export interface ScoreOptions extends ByWhom, CommandOrigin {
  /** What is judged: `thumbs`, `correct`, `tone` …; of 100 characters at most. */
  readonly name: string
  /** Any finite number; what it means follows from the name. */
  readonly value: number
  /** Whether that is good enough. */
  readonly passed?: boolean | undefined
  /** Why; of 2,000 characters at most. */
  readonly note?: string | undefined
  /** Of the event that it is about; the whole run without it. */
  readonly revision?: number | undefined
}

/** One run. All commands reject with `NotPossible` where the run is in no state to grant them, and with `RunNotFound`. */
export interface Run<Output = unknown> {
  readonly id: string
  /** Resolves once the message is recorded; the answer comes as events. */
  send(options: MessageOptions): Promise<void>
  /** From a revision on, inclusive, and live; ends after the run's last event, or with the signal. */
  events(options?: { readonly from?: number | undefined; readonly signal?: AbortSignal | undefined }): AsyncIterable<RecordedRunEvent>
  /**
   * Text of answers as it is written, from models called in this process: not part of the log, not repeated. Where answers are checked
   * first, an answer comes whole once it is accepted. Ends with the run, the signal and the closing of Refold.
   */
  deltas(options?: { readonly signal?: AbortSignal | undefined }): AsyncIterableIterator<Delta, undefined>
  /** The bytes of a picture or file that was said in it, by the `hash` of its part. Rejects with `BlobNotFound`. */
  blob(hash: string): Promise<SaidBlob>
  /** As of now. Where the code of the run is gone or was changed, what its events say, and the `problem`. */
  state(): Promise<RunView>
  /** As of a revision: chart state, transcript, budget, open effects. Rejects with `InvalidInput` beyond the newest. */
  at(revision: number): Promise<RunView>
  /** Refolds every event and compares state, intents, prompts and hashes with what was recorded. */
  verify(): Promise<Verification>
  /** The typed result. Rejects with `NotPossible` when the run ends without one, with `RunNotFound`, `RunDeleted`, and with `Closed` at the signal. */
  result(options?: { readonly signal?: AbortSignal | undefined }): Promise<Output>
  /**
   * The state once nothing happens any more unless somebody does something; at once where this process has not the code of the run.
   * Rejects with `Closed` at the signal.
   */
  untilSettled(options?: { readonly signal?: AbortSignal | undefined }): Promise<RunView>
  /**
   * `digest` is of what was asked, `seen` the revision of the state that was decided on: it is refused if something else is asked by now,
   * or a message has come in since. `input` is what the tool gets instead of what was asked, exactly: it is refused where the tool's schema
   * does not take it as it is, or a guardrail blocks it, and the question stays open.
   */
  approve(
    callId: string,
    options: ByWhom & { readonly digest?: string | undefined; readonly seen?: number | undefined; readonly input?: Json | undefined },
  ): Promise<void>
  deny(callId: string, options: ByWhom & { readonly reason: string; readonly digest?: string | undefined }): Promise<void>
  /** Settles a `once` call of which nobody knows whether it happened. */
  settleToolCall(callId: string, options: ByWhom & { readonly outcome: SettledOutcome }): Promise<void>
  /** Of an escalated run: a person answers for the agent. */
  answer(options: ByWhom & { readonly text: GivenContent }): Promise<void>
  /**
   * A person takes it over from its agent, whatever it does: no model call begins or goes on, what tools do comes to its end, and then it is escalated.
   * It stays theirs behind their answers, until somebody gives it back. `from` names the person who has it, where it is taken from them.
   * Rejects with `NotPossible` where another has it, and for a chart of one's own that does not take `RunTakenOver` where it stands.
   */
  takeOver(options: ByWhom & { readonly note?: string | undefined; readonly from?: string | undefined }): Promise<void>
  /** Of a run that is escalated or was taken over: the agent goes on, perhaps with other limits where it is escalated. */
  giveBack(options: ByWhom & { readonly note?: string | undefined; readonly limits?: LimitOptions | undefined }): Promise<void>
  complete(options: ByWhom & { readonly output?: Json | undefined }): Promise<void>
  fail(options: ByWhom & { readonly reason: string }): Promise<void>
  pause(options: ByWhom & { readonly reason?: string | undefined }): Promise<void>
  resume(options: ByWhom): Promise<void>
  cancel(options: ByWhom & { readonly reason: string }): Promise<void>
  /** Of a run that Refold failed for a defect of its agent's code, which is repaired: it goes on where it stood. */
  reopen(options: ByWhom & { readonly note?: string | undefined }): Promise<void>
  /**
   * What somebody makes of the run, or of what it did at `revision`; also of one that has ended. It changes nothing of how the run goes on. The same,
   * said again, is the same; of one name and author the newest of each event counts. Rejects with `NotPossible` beyond 500 of them, and for a revision that is none.
   */
  score(options: ScoreOptions): Promise<void>
  /**
   * Goes on with another version of its agent, or with the code that its version has by now. Rejects with `NotPossible` and every difference
   * where that does not explain all that has happened, or cannot go on with what is open; and with `UnknownAgent`.
   */
  move(options: ByWhom & { readonly to: string; readonly note?: string | undefined }): Promise<void>
  /**
   * A run of its own that begins with the events of this one up to a revision, perhaps with changes. It is answered by what this run has recorded;
   * beyond that only what is named reaches models and tools. Rejects with `NotPossible` where it cannot be forked there.
   */
  fork(options: ForkOptions): Promise<Run<Output>>
  /** Whether it could move to that version, and what keeps it from that. Records nothing. */
  checkMove(to: string): Promise<MoveCheck>
  /**
   * What another version of its agent would have decided where this run has: by its charts, guardrails, limits, schemas, approvals and prompts.
   * What came from outside is taken from the record. Performs and records nothing.
   */
  decideAgain(to: string): Promise<DecidedAgain>
}

/** What is `undefined` is left out once it is handed in. */
type AsGiven<Given> = Given extends unknown
  ? { [Key in keyof Given]: undefined extends Given[Key] ? Given[Key] | undefined : Given[Key] }
  : never

export const createRunHandle = <Output = unknown>(parts: RuntimeParts, runtime: Runtime, deltas: Deltas, runId: string): Run<Output> => {
  const submit = async (command: AsGiven<GivenCommand>, origin?: CommandOrigin): Promise<void> => {
    await runtime.command(runId, command as GivenCommand, origin)
  }
  return {
    id: runId,
    send: async (options) => {
      const { message, data, ...origin } = readOptions(options, 'a message as { message }')
      await submit({ type: 'sendMessage', ...said(message), ...(data === undefined ? {} : { data }) }, origin)
    },
    score: async (options) => {
      const { commandId, actor, traceparent, ...score } = readOptions(options, 'a score as { name, value, by }')
      await submit({ ...score, type: 'score' }, { commandId, actor, traceparent })
    },
    blob: (hash) => readSaidBlob(parts, runId, hash),
    events: (options) => follow(parts, runId, checkedWaiting(options)),
    deltas: (options) =>
      followDeltas(deltas, { ...followedRun(parts, runtime, runId), ...present({ signal: checkedWaiting(options)?.signal }) }),
    state: () => shownAnyway(parts, runId, async () => known(parts, await runtime.current(runId))),
    async at(revision) {
      checkRevision(revision)
      return shownAnyway(parts, runId, () => stateAt(parts, runId, revision), revision)
    },
    async untilSettled(options) {
      const signal = checkedWaiting(options)?.signal
      return shownAnyway(parts, runId, async () => known(parts, await settledState({ parts, runtime, runId }, signal)))
    },
    verify: () => verifyRun(parts, runId),
    async result(given) {
      const options = checkedWaiting(given)
      await requireRun(parts, runId)
      let ending: string | undefined
      for await (const event of follow(parts, runId, options)) {
        if (event.type === 'RunCompleted') return event.data.output as Output
        if (event.type === 'RunFailed') ending = `failed without a result: ${event.data.reason}`
        if (event.type === 'RunCancelled') ending = `was cancelled without a result: ${event.data.reason}`
        if (event.type === 'RunReopened') ending = undefined
        if (deletionEventTypes.has(event.type)) throw await deleted(parts, runId)
      }
      if (ending !== undefined) throw new AppError('NotPossible', `${runId} ${ending}`, { details: { runId } })
      throw new AppError('Closed', `Waiting for the result of ${runId} was given up before it had ended`)
    },
    fork: async (options) => createRunHandle<Output>(parts, runtime, deltas, (await runtime.fork(runId, options)).runId),
    ...decisions(submit),
    async checkMove(to) {
      checkVersion(to)
      return checkOnly(await examineMove(parts, { runId, to }))
    },
    async decideAgain(to) {
      checkVersion(to)
      return decideAgain(parts, runId, to)
    },
  }
}

const said = (content: GivenContent): { readonly text: string } | { readonly parts: readonly GivenPart[] } =>
  typeof content === 'string' ? { text: content } : { parts: content }

type Decisions = Pick<
  Run,
  | 'approve'
  | 'deny'
  | 'settleToolCall'
  | 'answer'
  | 'takeOver'
  | 'giveBack'
  | 'complete'
  | 'fail'
  | 'pause'
  | 'resume'
  | 'cancel'
  | 'reopen'
  | 'move'
>

/** What somebody decides about a run. */
const decisions = (submit: (command: AsGiven<GivenCommand>) => Promise<void>): Decisions => {
  const by = async <Options extends ByWhom>(options: Options, command: (asked: Options) => AsGiven<GivenCommand>): Promise<void> =>
    submit(command(readOptions(options, 'who asks for it as { by }')))
  return {
    approve: (callId, options) => by(options, (asked) => ({ ...asked, type: 'approve', callId })),
    deny: (callId, options) => by(options, (asked) => ({ ...asked, type: 'deny', callId })),
    settleToolCall: (callId, options) => by(options, (asked) => ({ ...asked, type: 'settleToolCall', callId })),
    answer: (options) => by(options, ({ text, ...asked }) => ({ ...asked, ...said(text), type: 'answer' })),
    takeOver: (options) => by(options, (asked) => ({ ...asked, type: 'takeOver' })),
    giveBack: (options) => by(options, ({ limits, ...asked }) => ({ ...asked, type: 'giveBack', ...changed(limits) })),
    complete: (options) => by(options, (asked) => ({ ...asked, type: 'complete' })),
    fail: (options) => by(options, (asked) => ({ ...asked, type: 'fail' })),
    pause: (options) => by(options, (asked) => ({ ...asked, type: 'pause' })),
    resume: (options) => by(options, (asked) => ({ ...asked, type: 'resume' })),
    cancel: (options) => by(options, (asked) => ({ ...asked, type: 'cancel' })),
    reopen: (options) => by(options, (asked) => ({ ...asked, type: 'reopen' })),
    move: (options) => by(options, (asked) => ({ ...asked, type: 'move' })),
  }
}

const changed = (limits: LimitOptions | undefined): { readonly limits?: Partial<Limits> } =>
  limits === undefined ? {} : { limits: limitChanges(readOptions(limits, 'limits as an object')) }

/** With the code that has folded it, which is here. */
const known = ({ agents }: RuntimeParts, state: RunState): Known => ({ agent: agents.ofRun(state.runId, state.started), state })

/** A run whose code is gone or was changed is shown as far as its events go. */
const shownAnyway = async (parts: RuntimeParts, runId: string, find: () => Promise<Known>, upTo?: number): Promise<RunView> => {
  try {
    const { agent, state } = await find()
    return viewOf(agent.program, state)
  } catch (error) {
    if (!isWithoutCode(error)) throw error
    const run = await readUnfolded(parts, runId, upTo)
    if (upTo !== undefined && run.newest.revision !== upTo) throw beyond(runId, upTo, run.newest.revision)
    return viewOfUnfolded(run, error)
  }
}

async function* follow(parts: RuntimeParts, runId: string, options?: FollowOptions): AsyncGenerator<RecordedRunEvent> {
  for await (const stored of followRun(parts.log, runId, options)) yield await readEvent(parts.blobs, stored)
}

const followedRun = (parts: RuntimeParts, runtime: Runtime, runId: string): FollowedRun => ({
  runId,
  async current() {
    try {
      return await runtime.current(runId)
    } catch (error) {
      if (isAppError(error, 'RunNotFound')) return undefined
      throw error
    }
  },
  events: (from, signal) => follow(parts, runId, { from, signal }),
})
