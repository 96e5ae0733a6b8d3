import type { RunEvent } from '../../events/envelope.ts'
import { settlesCall } from '../../events/run-events.ts'
import { TAKEN_OVER } from '../../events/taken-over.ts'
import { askedAfter, askedBy, kindOfResult, nothingAsked, placeAmong, withAsked, type AskedFor, type AskedSoFar } from '../../fold/fork.ts'
import { isAppError } from '../../errors.ts'
import type { Json } from '../../json.ts'
import { readRun } from '../reading/run-reader.ts'
import type { RuntimeParts } from '../runtime-parts.ts'
import type { OriginRecord, RecordedPart } from '../seal/origin-record.ts'

/** Results by what was asked for and by which of the equal requests. */
type Results = Map<string, RunEvent[][]>

const readOriginRecord = async (parts: Pick<RuntimeParts, 'log' | 'blobs'>, part: RecordedPart): Promise<OriginRecord> => {
  const results: Results = new Map()
  const examples = new Map<string, { readonly output: Json }>()
  const tools = new Map<string, string>()
  const open = new Map<string, AskedFor>()
  let asked = nothingAsked
  try {
    for await (const { event } of readRun(parts, part.runId)) {
      if (event.revision > part.to) break
      noteExample(tools, examples, event)
      if (event.revision <= part.behind) noteOpen(open, event)
      if (event.revision === part.behind) for (const wanted of open.values()) asked = withAsked(asked, wanted)
      if (event.revision <= part.behind) continue
      keep(results, asked, event)
      asked = askedAfter(asked, event)
    }
  } catch (error) {
    // What was deleted answers nothing any more.
    if (!isAppError(error, 'RunNotFound') && !isAppError(error, 'RunDeleted')) throw error
    results.clear()
    examples.clear()
  }
  return {
    resultOf: (wanted, soFar) => {
      const { rank, results: had } = placeAmong(soFar, wanted)
      return results.get(wanted.what)?.[rank]?.[had]
    },
    exampleOf: (tool) => examples.get(tool),
  }
}

const noteExample = (tools: Map<string, string>, examples: Map<string, { readonly output: Json }>, { type, data }: RunEvent): void => {
  if (type === 'ToolCallRequested') tools.set(data.callId, data.tool)
  if (type === 'ToolCallSucceeded') examples.set(tools.get(data.callId) ?? '', { output: data.output })
}

/** What is under way where the fork begins is asked for again by it, in the same order. */
const noteOpen = (open: Map<string, AskedFor>, event: RunEvent): void => {
  const wanted = askedBy(event)
  if (wanted !== undefined) open.set(`${wanted.kind} ${wanted.callId}`, wanted)
  const kind = kindOfResult(event)
  if (kind === undefined || !('callId' in event.data)) return
  const isLast = kind === 'model' || kind === 'approval' || settlesCall(event)
  if (isLast) open.delete(`${kind} ${event.data.callId ?? ''}`)
}

const keep = (results: Results, { calls }: AskedSoFar, event: RunEvent): void => {
  // That a person has taken the origin over is no model's answer.
  if (event.type === 'ModelCallFailed' && event.data.class === TAKEN_OVER) return
  const kind = kindOfResult(event)
  const call = kind === undefined || !('callId' in event.data) ? undefined : calls[`${kind} ${event.data.callId ?? ''}`]
  if (call === undefined) return
  const ranks = results.get(call.what) ?? []
  ranks[call.rank] = [...(ranks[call.rank] ?? []), event]
  results.set(call.what, ranks)
}

/** Records that were read lately, each once. */
export interface OriginRecords {
  of(part: RecordedPart): Promise<OriginRecord>
}

const MOST_RECORDS = 16

export const createOriginRecords = (parts: Pick<RuntimeParts, 'log' | 'blobs'>): OriginRecords => {
  const known = new Map<string, Promise<OriginRecord>>()
  return {
    async of(part) {
      const name = `${part.runId} ${part.behind} ${part.to}`
      const reading = known.get(name) ?? readOriginRecord(parts, part)
      known.delete(name)
      known.set(name, reading)
      const [oldest] = known.keys()
      if (known.size > MOST_RECORDS && oldest !== undefined) known.delete(oldest)
      reading.catch(() => known.delete(name))
      return reading
    },
  }
}
