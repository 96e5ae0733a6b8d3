import { open } from 'node:fs/promises'
import { z } from 'zod'
import { AppError, isAppError, messageOf } from '../../errors.ts'
import { decodeEvent, shapeProblems, streamOf } from '../../events/codec.ts'
import type { RunEvent } from '../../events/envelope.ts'
import { isTooDeep, jsonText, MAX_JSON_DEPTH, protoMember } from '../../json.ts'
import { shown } from '../../text.ts'

const MOST_BYTES = 256 * 1024 * 1024

const line = z.looseObject({
  runId: z.string().min(1).max(200),
  revision: z.int().nonnegative(),
  id: z.string(),
  type: z.string(),
  data: z.record(z.string(), z.unknown()),
  meta: z.record(z.string(), z.unknown()),
})

/**
 * The events in a file that `refold export` has written, one a line, of one run or more. Rejects with `InvalidInput` for what is none, which
 * names the line, with `UnknownEvent` for those of a newer Refold, and with `TooLarge` above 256 MiB.
 */
export const readRecording = async (path: string): Promise<readonly [RunEvent, ...RunEvent[]]> => {
  const events: RunEvent[] = []
  const next = new Map<string, number>()
  let bytes = 0
  let number = 0
  try {
    const file = await open(path)
    for await (const text of file.readLines()) {
      number += 1
      bytes += Buffer.byteLength(text)
      if (bytes > MOST_BYTES) throw new AppError('TooLarge', `Expected ${MOST_BYTES} bytes at most in ${path}, found more`)
      const event = text === '' ? undefined : eventIn(text, `line ${number} of ${path}`)
      if (event === undefined) continue
      const expected = next.get(event.runId) ?? 0
      if (event.revision !== expected)
        throw invalid(`revision ${expected} of ${event.runId}`, `revision ${event.revision}`, `line ${number} of ${path}`)
      next.set(event.runId, expected + 1)
      events.push(event)
    }
  } catch (cause) {
    if (isAppError(cause)) throw cause
    throw new AppError('InvalidInput', `Expected a file of exported events at ${path}: ${messageOf(cause)}`, { details: { path }, cause })
  }
  const [first, ...others] = events
  if (first === undefined) throw invalid('exported events', 'none', path)
  return [first, ...others]
}

/** Undefined for the line that sums up an export of all runs. */
const eventIn = (text: string, where: string): RunEvent | undefined => {
  const parsed = line.safeParse(checkedJson(text, where))
  if (!parsed.success) {
    if (text.includes('"type":"LogHead"')) return undefined
    const [issue] = parsed.error.issues
    throw invalid('an event as `refold export` writes one a line', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`, where)
  }
  const { runId, revision, id, type, data, meta } = parsed.data
  const { blobs: _, ...rest } = meta
  const event = decodeEvent({ id, stream: streamOf(runId), revision, type, data: jsonText(data), meta: jsonText(rest) }, new Map())
  const problems = shapeProblems(event)
  if (problems.length > 0) throw invalid(`a ${type} as it is published`, problems.join('; '), where)
  return event
}

const checkedJson = (text: string, where: string): unknown => {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw invalid('JSON', shown(text.slice(0, 80)), where)
  }
  if (isTooDeep(parsed)) throw invalid(`${MAX_JSON_DEPTH} levels of JSON at most`, 'more', where)
  const proto = protoMember(parsed)
  if (proto !== undefined) throw invalid('JSON', `a member called __proto__ at ${proto}`, where)
  return parsed
}

const invalid = (expected: string, found: string, where: string): AppError =>
  new AppError('InvalidInput', `Expected ${expected}, found ${found} in ${where}`)

/**
 * The runs in a file that `refold export` has written, each from its first event on, in the order in which they began. Rejects as `replay` does
 * for what is no such file.
 */
export const recordedRuns = async (file: string): Promise<readonly (readonly RunEvent[])[]> => {
  const runs = new Map<string, RunEvent[]>()
  for (const event of await readRecording(file)) {
    const run = runs.get(event.runId)
    if (run === undefined) runs.set(event.runId, [event])
    else run.push(event)
  }
  return [...runs.values()]
}
