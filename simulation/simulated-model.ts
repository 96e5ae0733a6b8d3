import { textsOf } from '../src/events/content.ts'
import { asideOf, fingerprint } from '../src/fold/prompt.ts'
import { canonicalJson } from '../src/json.ts'
import { scriptedModel } from '../src/models/scripted/scripted-model.ts'
import type { Model, ModelCallOptions, ModelOutcome, ModelRequest } from '../src/models/model.ts'
import { failure } from '../src/models/scripted/script.ts'
import { emptyTranscript, hashAfter } from '../src/projections/transcript.ts'
import type { ModelFate } from './chaos.ts'
import type { Life } from './life.ts'
import type { WorldParts } from './outside-world.ts'
import { followPlan, promptProblems } from './plan.ts'
import { TIME_LIMITS_MS } from './time-limits.ts'

export interface ModelParts extends WorldParts {
  /** Prompt hashes by the instructions that belong to them. */
  readonly promptHashes: ReadonlyMap<string, string>
  /** How often each fingerprint was asked, by all processes. */
  readonly asked: Map<string, number>
}

const script = scriptedModel(followPlan)

/** Answers by plan, later or never; and complains about every prompt that the log does not vouch for. */
export const simulatedModel = (parts: ModelParts, life: Life, provider: string): Model => ({
  isFree: true,
  call(request, options) {
    checkPrompt(parts, life, `${provider}/${request.model}`, request)
    const fate = parts.fates.model()
    if (fate !== 'answers') {
      parts.count('modelTroubles')
      parts.tell(() => `${life.owner}: model ${request.model} ${typeof fate === 'string' ? `is ${fate}` : `fails: ${fate.fails}`}`)
    }
    return answered(parts, life, { request, options, fate })
  },
})

interface Asked {
  readonly request: ModelRequest
  readonly options: ModelCallOptions
  readonly fate: ModelFate
}

const answered = ({ fates }: ModelParts, life: Life, { request, options, fate }: Asked): Promise<ModelOutcome> =>
  new Promise((resolve, reject) => {
    options.signal.addEventListener('abort', () => reject(options.signal.reason as Error), { once: true })
    if (fate === 'lost') return
    life.later(fates.workTime() + (fate === 'late' ? TIME_LIMITS_MS.model * 2 : 0), () => {
      if (typeof fate === 'object') {
        resolve(failure(fate.fails, fate.retryAfterMs === undefined ? {} : { retryAfterMs: fate.retryAfterMs }))
      } else if (!options.signal.aborted) {
        script.call(request, options).then(resolve, reject)
      }
    })
  })

const checkPrompt = ({ books, problems, promptHashes, asked }: ModelParts, life: Life, model: string, request: ModelRequest): void => {
  for (const problem of promptProblems(request.messages)) problems.push(`${life.owner} sends a prompt with ${problem}`)
  const print = fingerprintOf(promptHashes, model, request)
  const claims = print === undefined ? [] : books.modelClaims(print)
  if (print === undefined || !claims.some(({ owner }) => owner === life.owner)) {
    return void problems.push(
      `${life.owner} asks ${model} what no claim of its own in the log vouches for: ${canonicalJson(request.messages)}`,
    )
  }
  const times = (asked.get(print) ?? 0) + 1
  asked.set(print, times)
  if (times > claims.length) problems.push(`${life.owner} asks ${model} for the ${times}th time on ${claims.length} claims`)
}

const fingerprintOf = (
  promptHashes: ReadonlyMap<string, string>,
  model: string,
  { instructions, messages, settings: asked }: ModelRequest,
): string | undefined => {
  const hash = promptHashes.get(instructions)
  const [first] = messages
  // A higher limit after an answer that was cut: the agents have no settings of their own.
  const settings = Object.keys(asked).length === 0 ? undefined : asked
  if (hash !== undefined)
    return fingerprint({
      promptHash: hash,
      model,
      settings,
      asked: { ...emptyTranscript, hash: messages.reduce(hashAfter, '') },
    })
  const owner = promptHashes.get('')
  const aside = first?.role === 'user' ? asideOf({ prompt: textsOf(first.parts), instructions }) : undefined
  return owner === undefined || aside === undefined ? undefined : fingerprint({ promptHash: owner, model, settings, asked: aside })
}
