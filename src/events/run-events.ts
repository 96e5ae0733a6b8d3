import { z } from 'zod'
import { whenAsked } from '../when-asked.ts'
import { definition, toolEffect } from './definition.ts'
import { forkChanges, forkSeal, origin, sealedStart, source } from './fork.ts'
import { limitName, limits } from './limits.ts'
import { metadata } from './metadata.ts'
import { modelSettings } from './model-settings.ts'
import { tags } from './tags.ts'
import { TAKEN_OVER } from './taken-over.ts'
import { contentPart } from './content.ts'
import { assistantPart, json, modelFailureClass, usage } from './message.ts'

/** Joins what belongs to one model call, tool call, approval or child run: `<revision that asked for it>.<key>`. */
const callId = z.string().min(1)
/** 1, 2 … within one call. */
const attempt = z.int().positive()
/** ms since the epoch. */
const time = z.int()
const durationMs = z.int().nonnegative()
const costMicroUsd = z.int().nonnegative()
/** Who did it: a person, a program, or `refold` itself. */
const by = z.string().min(1)
const digest = z.string()
/** What went wrong inside, for whoever runs the agent: no model is told. */
const cause = z.string().optional()
/** Nothing was executed: the run is sealed, and nothing says what the call would have brought. */
const sealed = z.literal(true).optional()
/** What the model is told in the place of the output. */
const content = z.array(contentPart).min(1)
const claim = {
  /** The process that performs the effect; `nobody` where it was let go, or is held back. */
  owner: z.string().min(1),
  /** Until when nobody else may take it over. */
  leaseUntil: time,
  /** So many processes that had claimed the call have ended without an answer; absent where none has. */
  lostOwners: z.int().positive().optional(),
}

/** Whom a run waits for. */
export const waitsForName = z.enum(['message', 'approval', 'human', 'resume'])
export type WaitsFor = z.infer<typeof waitsForName>

/** What a child run has spent since its last word, with all that runs below it have. */
const childSpent = z.strictObject({
  tokens: z.int().nonnegative(),
  costMicroUsd: z.int().nonnegative(),
  /** Runs that have begun below it. */
  runs: z.int().nonnegative(),
})
export type ChildSpent = z.infer<typeof childSpent>

/** All that the chart decides by, fixed at the start of the run, so that a replay needs no code but the chart's. */
export const runSettings = z.strictObject({
  /** `provider/model`, in order of preference; the whole name behind the first slash goes to the provider. */
  models: z.array(z.string()),
  limits,
  checksInput: z.boolean(),
  checksOutput: z.boolean(),
  /** A typed result ends the run; otherwise an answer ends the turn. */
  endsWithOutput: z.boolean(),
  /** How often the model may correct invalid arguments or output before the next model has its turn. */
  clarifications: z.int().nonnegative(),
  approvalTimeoutMs: z.int().positive(),
  /** Tools after whose calls a person owns the run. */
  handsOver: z.array(z.string()),
})
export type RunSettings = z.infer<typeof runSettings>

const shapes = {
  /** The first event of every run: which agent, which chart, and all that they decide by. */
  RunStarted: () => ({
    agent: z.string(),
    agentVersion: z.string(),
    /** Of the structure of the run's chart and that of its tool calls. */
    chartHash: z.string(),
    settings: runSettings,
    /** What else the agent was made of, so that a change under the same version is noticed. */
    definition: definition.optional(),
    /** What a chart of the user's own begins with. */
    input: json.optional(),
    /** What its code may know beside that: who it is for, in which language, within which rights. */
    context: json.optional(),
    /** Of this run, where its agent makes them from the context. */
    instructions: z.string().optional(),
    /** The run that asked for this one, and the call by which it did. */
    parent: z
      .strictObject({
        runId: z.string(),
        callId,
        /** Levels below the topmost run: 1, 2 … */
        depth: z.int().positive().optional(),
      })
      .optional(),
    /** By which people find it again. */
    tags: tags.optional(),
    /** What a program notes about it for itself. */
    metadata: metadata.optional(),
    /** Whose run it is, where several share a log: nobody else may see or touch it. */
    tenant: z.string().min(1).optional(),
    /** The run that this one is a fork of, and the last event that it has from there: those up to it are copies. */
    forkOf: origin.optional(),
    /** It reaches nothing outside but what its seal names, like a fork; what a fork has instead stands in `RunForked`. */
    sealed: sealedStart.optional(),
  }),
  /** A user has said something. In the middle of a turn it waits for the next prompt. */
  MessageReceived: () => ({ parts: z.array(contentPart).min(1), data: json.optional() }),
  /** The input guardrails let the newest message through. */
  InputAccepted: () => ({
    /** What the agent sees instead, where a guardrail redacted it. */
    parts: z.array(contentPart).optional(),
  }),
  /** A guardrail blocks the newest message: no model sees it. */
  InputRejected: () => ({ guardrail: z.string(), reason: z.string(), evidence: z.string().optional(), cause }),

  /** A process claims one attempt of a model call. The call begins only after this is stored. */
  ModelCallRequested: () => ({
    callId,
    attempt,
    model: z.string(),
    /** `aside`: a prompt of its own, no part of the conversation. */
    purpose: z.enum(['answer', 'wrapUp', 'aside']),
    /** SHA-256 of the fixed part of the prompt: instructions, tools, output schema. The text is in the blob store. */
    promptHash: z.string(),
    /** SHA-256 over prompt hash, model, settings and the chained hash of the transcript: a replay computes it again and compares. */
    fingerprint: z.string(),
    /** Of this call; where it is absent, those of the prompt. */
    settings: modelSettings.optional(),
    ...claim,
  }),
  /** The model has answered, with text, tool calls or both. */
  ModelCallSucceeded: () => ({
    callId,
    attempt,
    /** As the provider named it. */
    model: z.string(),
    parts: z.array(assistantPart),
    /** The vendor's own word for why it stopped. */
    stop: z.string(),
    usage,
    costMicroUsd: costMicroUsd.optional(),
    durationMs,
    responseId: z.string().optional(),
    requestId: z.string().optional(),
    /** What the vendor cannot carry and the adapter left out; `usage` says that it was estimated. */
    dropped: z.array(z.string()).optional(),
    source: source.optional(),
  }),
  /** An attempt came to no answer, and the failure policy says what follows. */
  ModelCallFailed: () => ({
    callId,
    attempt,
    /** `takenOver`: it was not begun, or given up, since a person has taken the run over. */
    class: z.enum([...modelFailureClass.options, TAKEN_OVER]),
    message: z.string(),
    /** What the failure policy makes of it. */
    next: z.enum(['retry', 'nextModel', 'escalate']),
    retryAt: time.optional(),
    /** Since when the attempts of the last model fail, where it is waited out: until the next one, the time of the turn stands still. */
    failingSince: time.optional(),
    /** How much the next attempt may write, after an answer that was cut at its limit; the model is told, too. */
    maxOutputTokens: z.int().positive().optional(),
    durationMs,
    status: z.int().optional(),
    requestId: z.string().optional(),
    usage: usage.optional(),
    costMicroUsd: costMicroUsd.optional(),
    source: source.optional(),
  }),
  /** The answer of the turn passes guardrails and schema. */
  OutputAccepted: () => ({
    output: json.optional(),
    /** What stands in the place of the answer, where a guardrail redacted it. */
    parts: z.array(contentPart).optional(),
  }),
  /** It does not: the model is asked to answer again, a bounded number of times. */
  OutputRejected: () => ({ reason: z.string(), guardrail: z.string().optional(), cause }),

  /** The call waits for the last word on an earlier one, which touches the same. Then it is looked at again. */
  ToolCallQueued: () => ({ callId, behind: callId }),
  /** A process claims one attempt of a tool call. The tool runs only after this is stored. */
  ToolCallRequested: () => ({
    callId,
    attempt,
    tool: z.string(),
    input: json,
    /** What the world outside knows the act by: the same for every attempt, and for a later call that is the same act. */
    idempotencyKey: z.string(),
    /** The business act, as the tool names it: a later call of this run that is the same act gets the outcome of this one. */
    act: z.string().min(1).max(200).optional(),
    /** What the tool says of itself: whether it changes something, and whether it may be repeated. */
    effect: toolEffect.optional(),
    /** The log went back since, and the call may have happened already: nothing begins before it is looked up or settled. */
    lookUpFirst: z.literal(true).optional(),
    ...claim,
  }),
  /** The tool has answered, or a look-up or a person has settled that it did. */
  ToolCallSucceeded: () => ({
    callId,
    attempt,
    output: json,
    content: content.optional(),
    /** What the model is told beside the output: that it happened, but that its answer could not be read. */
    note: z.string().optional(),
    durationMs: durationMs.optional(),
    settledBy: z.enum(['lookup', 'human']).optional(),
    by: by.optional(),
    source: source.optional(),
  }),
  /** An attempt has failed, or the whole call where no `retryAt` says otherwise. */
  ToolCallFailed: () => ({
    callId,
    attempt,
    class: z.enum(['error', 'timeout', 'invalidOutput', 'outputTooLarge', 'neverHappened', 'cancelled']),
    /** What the model is told. */
    message: z.string(),
    cause,
    /** `unknown`: it may have happened all the same. Absent for what has no effect. */
    happened: z.enum(['no', 'unknown']).optional(),
    /** Present where it will be tried again; without it the failure is final and goes to the model. */
    retryAt: time.optional(),
    durationMs: durationMs.optional(),
    settledBy: z.enum(['lookup', 'human']).optional(),
    by: by.optional(),
    source: source.optional(),
  }),
  /** Nobody knows whether a `once` tool did it: it is not run again until a look-up or a person has settled it. */
  ToolCallUnresolved: () => ({ callId, attempt, reason: z.string(), sealed }),
  /** A process asks the world what became of such a call. Look-ups of earlier versions were claimed by nobody. */
  ToolCallLookupRequested: () => ({ callId, attempt, tool: z.string(), ...claim }),
  /**
   * What became of a call is known better than its last word says, or its run has ended without one: by a late word of the tool, a look-up or a
   * person. It may follow the end of a run. The model is told with its next prompt.
   */
  ToolCallCorrected: () => ({
    callId,
    attempt,
    tool: z.string(),
    succeeded: z.boolean(),
    /** Where it has succeeded. */
    output: json.optional(),
    content: content.optional(),
    note: z.string().optional(),
    /** Where it has not. */
    message: z.string().optional(),
    settledBy: z.enum(['tool', 'lookup', 'human']),
    by: by.optional(),
    /** It is of an attempt that its call has gone on from, since it was certain that nothing had come of it: it may have happened twice. */
    earlier: z.literal(true).optional(),
  }),
  /** The call never reaches its tool. The model is told why. */
  ToolCallRejected: () => ({
    callId,
    /** `repeated`: it is the same act as an earlier call, which has done it or may have done it. */
    reason: z.enum(['unknownTool', 'invalidArguments', 'guardrail', 'limit', 'repeated']),
    message: z.string(),
    /** The earlier call that was the same act. */
    repeats: callId.optional(),
    /** What the earlier call has brought, where it has done it. */
    output: json.optional(),
    content: content.optional(),
    guardrail: z.string().optional(),
    cause,
  }),
  /** A person has refused the call, or nobody has answered in time. */
  ToolCallDenied: () => ({ callId, by, reason: z.string() }),

  /** A person has to decide. */
  ApprovalRequested: () => ({
    callId,
    /** What is asked: a tool with its input, or a question of the chart. */
    subject: z.strictObject({ tool: z.string().optional(), input: json.optional(), question: z.string().optional() }),
    /** SHA-256 of subject, chart and call: a grant holds for exactly this. */
    digest,
    expiresAt: time,
    reason: z.string().optional(),
    cause,
  }),
  /**
   * A person agrees to exactly what was asked, whose `digest` it is. Or to the call with other arguments: the tool gets exactly this `input`
   * instead, and `inputDigest` is of the same subject with it.
   */
  ApprovalGranted: () => ({ callId, digest, by, input: json.optional(), inputDigest: digest.optional(), source: source.optional() }),
  /** A person does not agree. */
  ApprovalDenied: () => ({
    callId,
    by,
    reason: z.string(),
    /** Nobody has decided: a new message came in, and the agent lets that withdraw what it has asked. */
    withdrawn: z.literal(true).optional(),
    source: source.optional(),
  }),

  /** A chart wants another run, with a stream of its own. Its id follows from this one and the call. */
  ChildRunRequested: () => ({
    callId,
    childRunId: z.string(),
    agent: z.string(),
    input: json,
    /** So many runs may be below it: taken from what this run may have itself, and given back with its last word. */
    childRuns: z.int().nonnegative().optional(),
  }),
  /** The other run waits for somebody, or does no longer, or it has spent something. No chart reacts. */
  ChildRunReported: () => ({
    callId,
    childRunId: z.string(),
    /** null while it works. */
    waitsFor: waitsForName.nullable(),
    /** Where somebody has to act: that run or one below it. */
    waitsIn: z.string().optional(),
    spent: childSpent,
  }),
  /** The other run has completed. */
  ChildRunSucceeded: () => ({ callId, childRunId: z.string(), output: json, spent: childSpent.optional(), source: source.optional() }),
  /** The other run has failed, was cancelled or could not begin. */
  ChildRunFailed: () => ({ callId, childRunId: z.string(), reason: z.string(), spent: childSpent.optional(), source: source.optional() }),

  /** A chart has entered a state with an `after`, or raised an event with a delay. */
  TimerScheduled: () => ({ timerId: z.string(), dueAt: time }),
  /** The time has come. */
  TimerFired: () => ({ timerId: z.string() }),

  /** A limit leaves no room for one more step: the model answers once more, without tools. */
  LimitExceeded: () => ({ limit: limitName, used: z.number(), allowed: z.number() }),
  /** A turn, from a message to its answer, is over. */
  TurnCompleted: () => ({ turn: z.int().positive(), outcome: z.enum(['answered', 'rejected', 'wrappedUp', 'answeredByHuman']) }),
  /** A person owns the run, or has to settle one call of it. */
  RunEscalated: () => ({ reason: z.string(), callId: callId.optional() }),
  /** A person has answered for the agent. */
  HumanAnswerReceived: () => ({ by, parts: z.array(contentPart).min(1) }),
  /** A person gives the run back to the agent, perhaps with other limits. */
  RunReturned: () => ({ by, note: z.string().optional(), limits: limits.partial().optional() }),
  /**
   * A person has taken the run over: from here on no model call begins or goes on, and whatever the agent would think about goes to them.
   * `from`: who had it before, and has it no longer.
   */
  RunTakenOver: () => ({ by, note: z.string().optional(), from: by.optional() }),
  /** Nobody has it any more, while it was not in their hands: it goes on where it stands. */
  RunReleased: () => ({ by, note: z.string().optional() }),

  /** No new effect begins; what is under way is finished. */
  RunPaused: () => ({ by, reason: z.string().optional() }),
  /** It goes on where it stood. */
  RunResumed: () => ({ by }),
  /** The last event of a run that came to its end. */
  RunCompleted: () => ({ output: json.optional(), by: by.optional() }),
  /** The last event of a run that cannot go on, or that somebody gave up. */
  RunFailed: () => ({ reason: z.string(), by: by.optional() }),
  /** The last event of a run that somebody stopped. What is under way is aborted. */
  RunCancelled: () => ({
    by,
    reason: z.string(),
    /** Recorded by a process without the code of the run: no chart had a say in it, and `to` is `cancelled`. */
    withoutChart: z.literal(true).optional(),
  }),
  /** The agent's code was repaired: a run that Refold had failed for a defect of it goes on where it stood. */
  RunReopened: () => ({ by, note: z.string().optional() }),
  /**
   * It goes on with other code of its agent, which explains all that has happened so far: from here on that folds the whole run. Its settings
   * stay those that it was started with. Also of a run that Refold had failed, which may be reopened then.
   */
  RunMoved: () => ({
    by,
    note: z.string().optional(),
    agent: z.string(),
    /** The version that it was on before. */
    fromVersion: z.string(),
    agentVersion: z.string(),
    chartHash: z.string(),
    definition: definition.optional(),
    /** As that version makes them from the context of the run; what was made before holds no longer. */
    instructions: z.string().optional(),
  }),
  /**
   * Behind the copied events of its origin: from here on it is a run of its own. What the origin had begun is wanted again, and nothing of it
   * reaches the world but what `seal` names.
   */
  RunForked: () => ({
    by,
    note: z.string().optional(),
    /** `recordedTo`: the newest event of the origin by then. What lies behind the copies up to there answers the fork. */
    from: origin.extend({ recordedTo: z.int().nonnegative() }),
    seal: forkSeal,
    changes: forkChanges,
  }),
  /**
   * The run goes on from an older copy of the log: what it has done beyond this event is not recorded. `once` calls are looked up before they
   * begin, or held for a person. Whoever knows a later event of it than the one before this knows what does not hold any more.
   */
  RunRestored: () => ({
    /** Of the event that records the restore, in the stream `refold.log`. */
    restoreId: z.string(),
    /** The copy did not hold the run at all: it is begun again. */
    lost: z.literal(true).optional(),
  }),
  /**
   * What somebody makes of the run, or of what it did at `revision`; also after its end. Nothing that the run goes on by knows of it: no chart, no
   * prompt, no projection, no limit. Of one name and author the newest of each event counts, and of the whole run.
   */
  RunScored: () => ({
    /** What is judged: `thumbs`, `correct`, `tone` … */
    name: z.string().min(1).max(100),
    /** Any finite number: what it means follows from the name. */
    value: z.number(),
    /** Whether that is good enough. */
    passed: z.boolean().optional(),
    /** Why. */
    note: z.string().max(2_000).optional(),
    /** Of the event that it is about; absent where it is about the whole run. */
    revision: z.int().nonnegative().optional(),
    by,
  }),
  /** An ended run is to be deleted: nothing before this event is read any more. Says what is kept of it, and no word of what was said. */
  DeletionRequested: () => ({
    by,
    reason: z.string().optional(),
    agent: z.string(),
    agentVersion: z.string(),
    tenant: z.string().optional(),
    startedAt: time,
    /** How it had ended. */
    status: z.enum(['completed', 'failed', 'cancelled']),
    /** Of the event before: the end of the chain that is gone. */
    headHash: z.string(),
  }),
  /** It is done: the events before the request are gone, and payloads that nobody else names with them. */
  RunDeleted: () => ({ events: z.int().nonnegative(), blobs: z.int().nonnegative() }),
} as const

export type RunEventType = keyof typeof shapes
export type DataOf<Type extends RunEventType> = z.infer<z.ZodObject<ReturnType<(typeof shapes)[Type]>, z.core.$strict>>

/** A fact about a run, before it has a place in the log. */
export type RunFact = { [Type in RunEventType]: { readonly type: Type; readonly data: DataOf<Type> } }[RunEventType]

export const runEventTypes = Object.keys(shapes) as RunEventType[]

type SchemaBuilders = { readonly [Type in RunEventType]: () => z.ZodObject<ReturnType<(typeof shapes)[Type]>, z.core.$strict> }

/** One schema a type, of its current version. */
export const dataSchemas = whenAsked(
  Object.fromEntries(Object.entries(shapes).map(([type, shape]) => [type, () => z.strictObject(shape())])) as SchemaBuilders,
)

export const isRunEventType = (type: string): type is RunEventType => Object.hasOwn(shapes, type)

/** Events after which a run accepts nothing but {@link behindTheEnd}, unless {@link mayBeReopened}. */
export const finalEventTypes: ReadonlySet<string> = new Set<RunEventType>(['RunCompleted', 'RunFailed', 'RunCancelled'])

/** Events that may follow the end of a run, and leave it as it was. */
export const behindTheEnd: ReadonlySet<string> = new Set<RunEventType>(['ToolCallCorrected', 'RunMoved', 'RunScored'])

/** Events that stand where a run was. */
export const deletionEventTypes: ReadonlySet<string> = new Set<RunEventType>(['DeletionRequested', 'RunDeleted'])

/** What says with which code a run goes on from there. */
export type CodeOfRun = Pick<DataOf<'RunStarted'>, 'agent' | 'agentVersion' | 'chartHash' | 'definition' | 'instructions'>

/** Refold itself fails a run only for a defect of its agent's code. */
export const mayBeReopened = (fact: RunFact): boolean => fact.type === 'RunFailed' && fact.data.by === 'refold'

/** Whether this event is the last word on its tool call or child run. */
export const settlesCall = (fact: RunFact): boolean => {
  switch (fact.type) {
    case 'ToolCallSucceeded':
    case 'ToolCallRejected':
    case 'ToolCallDenied':
    case 'ChildRunSucceeded':
    case 'ChildRunFailed':
      return true
    case 'ToolCallFailed':
      return fact.data.retryAt === undefined
    default:
      return false
  }
}
