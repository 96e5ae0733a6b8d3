import type { Change, ForkPlace } from './fork-place.ts'

/** What somebody has filled in so far. */
export interface ForkDraft {
  readonly change: Change
  readonly message: string
  readonly callId: string
  /** JSON, as the other results here. */
  readonly result: string
  readonly instructions: string
  readonly model: string
  readonly agentVersion: string
  /** Whether tools that only read are executed. */
  readonly reads: boolean
  /** What becomes of a call that nothing else answers. */
  readonly otherwise: 'ask' | 'samples'
  /** Results by tool; an empty one is none. */
  readonly simulate: Readonly<Record<string, string>>
  /** Names of tools that are executed for real, as they were typed. */
  readonly real: string
  readonly modelCalls: string
  readonly costUsd: string
}

export const emptyDraft: ForkDraft = {
  change: 'nothing',
  message: '',
  callId: '',
  result: '',
  instructions: '',
  model: '',
  agentVersion: '',
  reads: false,
  otherwise: 'ask',
  simulate: {},
  real: '',
  modelCalls: '50',
  costUsd: '',
}

export interface ForkRequest {
  readonly body: Readonly<Record<string, unknown>>
  /** Why it is not sent yet, in words. */
  readonly problems: readonly string[]
}

/** Tools that were named, each in full. */
export const realTools = ({ real }: ForkDraft): readonly string[] => [...new Set(real.split(/[\s,]+/).filter((name) => name !== ''))]

export const forkRequest = (draft: ForkDraft, place: ForkPlace, tools: readonly string[]): ForkRequest => {
  const problems: string[] = []
  const json = (text: string, what: string): unknown => {
    try {
      return JSON.parse(text) as unknown
    } catch {
      problems.push(`${what} is no JSON`)
      return undefined
    }
  }
  const real = realTools(draft)
  for (const name of real) if (!tools.includes(name)) problems.push(`${name} is no tool of this agent`)
  const simulate = Object.entries(draft.simulate).filter(([, text]) => text.trim() !== '')
  const body = {
    at: place.at,
    ...changed(draft, json),
    ...(simulate.length > 0 && { simulate: Object.fromEntries(simulate.map(([tool, text]) => [tool, json(text, `What ${tool} brings`)])) }),
    ...(real.length > 0 && { real }),
    ...(draft.reads && { reads: true }),
    ...(draft.otherwise === 'samples' && { samples: true }),
    modelCalls: draft.modelCalls === '' ? null : Number(draft.modelCalls),
    ...(draft.costUsd !== '' && { costUsd: Number(draft.costUsd) }),
  }
  return { body, problems: [...problems, ...missing(draft)] }
}

const changed = (
  { change, message, callId, result, instructions, model, agentVersion }: ForkDraft,
  json: (text: string, what: string) => unknown,
): Readonly<Record<string, unknown>> => {
  switch (change) {
    case 'nothing':
      return {}
    case 'message':
      return { message }
    case 'result':
      return { results: { [callId]: result === '' ? null : json(result, 'The result') } }
    case 'instructions':
      return { instructions }
    case 'model':
      return { model }
    case 'agentVersion':
      return { agentVersion }
  }
}

const NEEDED: Partial<Record<Change, { readonly field: 'message' | 'result' | 'model' | 'agentVersion'; readonly says: string }>> = {
  message: { field: 'message', says: 'Say the message' },
  result: { field: 'result', says: 'Say what the call brings' },
  model: { field: 'model', says: 'Name the model' },
  agentVersion: { field: 'agentVersion', says: 'Choose the version' },
}

const missing = (draft: ForkDraft): readonly string[] => {
  const needed = NEEDED[draft.change]
  return needed === undefined || draft[needed.field].trim() !== '' ? [] : [needed.says]
}
