import { AppError, isAppError, messageOf } from '../../errors.ts'
import { streamOf } from '../../events/codec.ts'
import { textContent } from '../../events/content.ts'
import type { RecordedRunEvent } from '../../events/envelope.ts'
import type { Message } from '../../events/message.ts'
import type { DataOf } from '../../events/run-events.ts'
import { asideOf, fingerprint, type Aside, type Prompt } from '../../fold/prompt.ts'
import { sha256 } from '../../hash.ts'
import type { Json } from '../../json.ts'
import { present } from '../../present.ts'
import { saidMessages, type SaidMessages } from '../../projections/said-messages.ts'
import type { Transcript } from '../../projections/transcript.ts'
import type { RuntimeParts } from '../runtime-parts.ts'
import { foldRun } from './fold-run.ts'
import { readRun } from './run-reader.ts'

// What a model was asked, as the runtime has built it: from the log and the blob store, without the code of the agent. Only a prompt beside the
// conversation stands in the chart alone, and needs it.

type Parts = Pick<RuntimeParts, 'log' | 'blobs' | 'agents'>

export interface WhichPrompt {
  readonly runId: string
  readonly callId: string
  /** The newest without it. */
  readonly attempt: number | undefined
}

export interface RebuiltPrompt {
  readonly runId: string
  readonly callId: string
  readonly attempt: number
  /** Of the event that claimed the attempt. */
  readonly revision: number
  readonly model: string
  readonly purpose: Claim['purpose']
  readonly instructions: string | null
  readonly tools: Prompt['tools'] | null
  readonly toolChoice: Json
  readonly output: NonNullable<Prompt['output']> | null
  readonly settings: unknown
  readonly messages: readonly { readonly index: number; readonly revision: number | null; readonly message: Message }[]
  /** So many of the first messages were in the prompt of the call before. */
  readonly sameAsBefore: number
  readonly before: { readonly callId: string; readonly attempt: number } | null
  readonly fingerprint: { readonly recorded: string; readonly rebuilt: string | null; readonly agrees: boolean | null }
  /** A sentence for each part that cannot be rebuilt. */
  readonly missing: readonly string[]
}

type Claim = DataOf<'ModelCallRequested'>

/** Of a run that is there. Rejects with `InvalidInput` where it has no such call or attempt. */
export const rebuildPrompt = async (parts: Parts, which: WhichPrompt): Promise<RebuiltPrompt> => {
  const { claim, revision, asides } = await findClaim(parts, which)
  const fixed = await fixedPart(parts, claim)
  const asked =
    claim.purpose === 'aside'
      ? await askedBeside(parts, { ...which, revision })
      : await askedInConversation(parts, { ...which, revision, asides, ...present({ fixed: fixed.prompt }) })
  const { what, missing, ...others } = asked
  const rebuilt = what === undefined ? null : fingerprint({ ...claim, promptHash: fixed.hash ?? claim.promptHash, asked: what })
  return {
    runId: which.runId,
    callId: claim.callId,
    attempt: claim.attempt,
    revision,
    model: claim.model,
    purpose: claim.purpose,
    ...others,
    ...answeredHow(claim, fixed.prompt),
    fingerprint: { recorded: claim.fingerprint, rebuilt, agrees: rebuilt === null ? null : rebuilt === claim.fingerprint },
    missing: [...fixed.missing, ...missing],
  }
}

/** Last words and what is asked beside the conversation are texts. */
const answeredHow = (
  { purpose, settings }: Claim,
  prompt: Prompt | undefined,
): Pick<RebuiltPrompt, 'toolChoice' | 'output' | 'settings'> => {
  const known = settings ?? prompt?.settings
  const { toolChoice = 'auto', ...others } = known ?? {}
  const settled = known === undefined ? null : others
  return purpose === 'answer'
    ? { toolChoice, output: prompt?.output ?? null, settings: settled }
    : { toolChoice: 'none', output: null, settings: settled }
}

interface Asked extends Pick<RebuiltPrompt, 'instructions' | 'tools' | 'messages' | 'sameAsBefore' | 'before' | 'missing'> {
  /** What its fingerprint is of; undefined where it cannot be known. */
  readonly what: Transcript | Aside | undefined
}

interface Place extends WhichPrompt {
  readonly revision: number
}

const askedInConversation = async (
  parts: Parts,
  { fixed, ...place }: Place & { readonly asides: ReadonlySet<string>; readonly fixed?: Prompt },
): Promise<Asked> => {
  const { said, instructions = fixed?.instructions ?? null, before } = await readUpTo(parts, place)
  return {
    what: said.transcript,
    instructions,
    tools: fixed?.tools ?? null,
    messages: messagesSaid(said),
    sameAsBefore: before?.length ?? 0,
    before: before === undefined ? null : { callId: before.callId, attempt: before.attempt },
    missing: [],
  }
}

const askedBeside = async (parts: Parts, place: Place): Promise<Asked> => {
  const { aside, instructions, missing = [] } = await asideAt(parts, place)
  const messages = aside === undefined ? [] : [{ index: 0, revision: null, message: userSays(aside.prompt) }]
  return { what: aside, instructions: instructions ?? null, tools: [], messages, sameAsBefore: 0, before: null, missing }
}

const userSays = (text: string): Message => ({ role: 'user', parts: textContent(text) })

const messagesSaid = ({ transcript, saidAt }: SaidMessages): RebuiltPrompt['messages'] =>
  saidAt.flatMap((revision, index) => {
    const message = transcript.items[index]
    return message === undefined ? [] : [{ index, revision, message }]
  })

interface Found {
  readonly claim: Claim
  readonly revision: number
  /** Model calls with a prompt of their own, also those that were begun later. */
  readonly asides: ReadonlySet<string>
}

const findClaim = async ({ log }: Parts, { runId, callId, attempt }: WhichPrompt): Promise<Found> => {
  let found: Omit<Found, 'asides'> | undefined
  const asides = new Set<string>()
  for await (const { type, data, revision } of log.readStream(streamOf(runId))) {
    if (type !== 'ModelCallRequested') continue
    const claim = JSON.parse(data) as Claim
    if (claim.purpose === 'aside') asides.add(claim.callId)
    if (claim.callId === callId && (attempt === undefined || claim.attempt === attempt)) found = { claim, revision }
  }
  if (found !== undefined) return { ...found, asides }
  const wanted = attempt === undefined ? callId : `attempt ${attempt} of ${callId}`
  throw new AppError('InvalidInput', `Expected a model call of ${runId} that has begun, found ${wanted}`)
}

interface UpTo {
  readonly said: SaidMessages
  /** As the run began or went on with them; undefined where they are those of the fixed part. */
  readonly instructions: string | undefined
  /** The call of the conversation before, and how many messages its prompt had. */
  readonly before: { readonly callId: string; readonly attempt: number; readonly length: number } | undefined
}

/** What was said before an event. */
const readUpTo = async (parts: Parts, { runId, revision, asides }: Place & { readonly asides: ReadonlySet<string> }): Promise<UpTo> => {
  const messages = saidMessages(asides)
  let instructions: string | undefined
  let before: UpTo['before']
  for await (const { event } of readRun(parts, runId)) {
    if (event.revision >= revision) break
    if (event.type === 'ModelCallRequested' && event.data.purpose !== 'aside')
      before = { callId: event.data.callId, attempt: event.data.attempt, length: messages.now().transcript.length }
    instructions = instructionsAfter(instructions, event)
    messages.add(event)
  }
  return { said: messages.now(), instructions, before }
}

const instructionsAfter = (before: string | undefined, { type, data }: RecordedRunEvent): string | undefined =>
  type === 'RunStarted' || type === 'RunMoved' ? data.instructions : before

interface FixedPart {
  readonly prompt?: Prompt
  /** Of what is stored under it. */
  readonly hash?: string
  readonly missing: readonly string[]
}

const fixedPart = async ({ blobs }: Parts, { promptHash }: Claim): Promise<FixedPart> => {
  try {
    const text = await blobs.get(promptHash)
    return { prompt: JSON.parse(text) as Prompt, hash: sha256(text), missing: [] }
  } catch (error) {
    if (!isAppError(error, 'EventLogCorrupt')) throw error
    return { missing: [`Instructions, tools and output schema are not stored any more, or are not what was stored: ${messageOf(error)}`] }
  }
}

interface AsideAt {
  readonly aside?: Aside
  /** Its own, else those of the run or of its agent. */
  readonly instructions?: string
  readonly missing?: readonly string[]
}

/** As the chart has asked for it. */
const asideAt = async (parts: Parts, { runId, callId, revision }: Place): Promise<AsideAt> => {
  const lacking = (why: string): AsideAt => ({
    missing: [`The prompt stands in the chart of the agent, which cannot be asked here: ${why}`],
  })
  try {
    for await (const { agent, state } of foldRun(parts, runId)) {
      if (state.revision < revision - 1) continue
      const aside = asideOf(state.owed.get(callId)?.params ?? {})
      if (aside === undefined) return lacking('it asks for no such call')
      return { aside, instructions: aside.instructions ?? state.started.instructions ?? agent.prompt.instructions }
    }
    return lacking('its events end before')
  } catch (error) {
    if (!isAppError(error) || !CANNOT_FOLD.has(error.code)) throw error
    return lacking(error.message)
  }
}

const CANNOT_FOLD: ReadonlySet<string> = new Set(['UnknownAgent', 'ChartChanged', 'CodeFailed', 'UnexpectedEvent'])
