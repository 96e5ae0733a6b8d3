import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../errors.ts'
import { casesInText } from '../evals/dataset.ts'
import type { DatasetCase } from '../evals/dataset-case.ts'
import { datasetName } from './dataset-contract.ts'

const ENDING = '.jsonl'
const MOST_FILES = 500

interface DatasetFile {
  readonly name: string
  readonly bytes: number
  /** ms since the epoch. */
  readonly updatedAt: number
}

/** By name; none where there is no such folder yet. */
export const datasetFiles = async (dir: string): Promise<readonly DatasetFile[]> => {
  const entries = await readdir(dir, { withFileTypes: true }).catch(orNothing)
  const names = (entries ?? [])
    .flatMap((entry) => (entry.isFile() && entry.name.endsWith(ENDING) ? [entry.name.slice(0, -ENDING.length)] : []))
    .filter((name) => datasetName.test(name))
    .toSorted()
  const files = await Promise.all(
    names.slice(0, MOST_FILES).map(async (name) => {
      const found = await stat(fileOf(dir, name)).catch(orNothing)
      return found === undefined ? [] : [{ name, bytes: found.size, updatedAt: Math.trunc(found.mtimeMs) }]
    }),
  )
  return files.flat()
}

const fileOf = (dir: string, name: string): string => join(dir, `${name}${ENDING}`)

/** What is not there, or was replaced meanwhile. */
const orNothing = (error: unknown): undefined => {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined
  throw error
}

export interface ReadCase {
  readonly case: DatasetCase | null
  readonly problem: string | null
}

interface Wanted {
  /** A name that is one. */
  readonly name: string
  /** Byte at which a line begins. */
  readonly from: number
  readonly limit: number
  readonly isOwn: (runId: string) => Promise<boolean>
}

/** Of a line; a longer one is no case that anybody reads here. */
const LONGEST_LINE = 16 * 1024 * 1024
/** Of a page, which ends with the case that goes beyond. */
const PAGE_BYTES = 2 * 1024 * 1024
/** Lines, and bytes of them: whoever owns few of them asks again. */
const MOST_LOOKED_AT = 1_000
const BYTES_LOOKED_AT = 32 * 1024 * 1024

/** Cases from a place of the file on; undefined where there is no such file. */
export const readCases = async (
  dir: string,
  { name, from, limit, isOwn }: Wanted,
): Promise<{ readonly cases: readonly ReadCase[]; readonly next: number | null } | undefined> => {
  const found = (await datasetFiles(dir)).find((file) => file.name === name)
  if (found === undefined) return undefined
  const cases: ReadCase[] = []
  let [length, looked] = [0, 0]
  for await (const { bytes, end } of linesFrom(fileOf(dir, name), from)) {
    looked += 1
    const read = await ownCaseIn(bytes, name, isOwn)
    if (read !== undefined) {
      cases.push(read)
      length += bytes?.length ?? 0
    }
    const isEnough = cases.length === limit || length >= PAGE_BYTES || looked === MOST_LOOKED_AT || end - from >= BYTES_LOOKED_AT
    if (isEnough) return { cases, next: end < found.bytes ? end : null }
  }
  return { cases, next: null }
}

const ownCaseIn = async (bytes: Buffer | undefined, name: string, isOwn: Wanted['isOwn']): Promise<ReadCase | undefined> => {
  const read = caseIn(bytes, name)
  return read === undefined || read.case === null || (await isOwn(read.case.source.runId)) ? read : undefined
}

const caseIn = (bytes: Buffer | undefined, name: string): ReadCase | undefined => {
  if (bytes === undefined) return { case: null, problem: `A line of ${name} is longer than ${LONGEST_LINE} bytes` }
  try {
    const [found] = casesInText(bytes.toString('utf8'), name)
    return found && { case: found, problem: null }
  } catch (error) {
    return { case: null, problem: messageOf(error) }
  }
}

interface Line {
  /** Undefined where it is too long. */
  readonly bytes: Buffer | undefined
  /** Where the next one begins. */
  readonly end: number
}

async function* linesFrom(path: string, from: number): AsyncGenerator<Line> {
  let [parts, length, at]: [Buffer[], number, number] = [[], 0, from]
  const whole = (): Buffer | undefined => (length > LONGEST_LINE ? undefined : Buffer.concat(parts))
  for await (const chunk of createReadStream(path, { start: from }) as AsyncIterable<Buffer>) {
    let begin = 0
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, begin)) {
      length += end - begin
      if (length <= LONGEST_LINE) parts.push(chunk.subarray(begin, end))
      yield { bytes: whole(), end: at + end + 1 }
      ;[parts, length, begin] = [[], 0, end + 1]
    }
    length += chunk.length - begin
    if (length <= LONGEST_LINE) parts.push(chunk.subarray(begin))
    else parts = []
    at += chunk.length
  }
  if (length > 0) yield { bytes: whole(), end: at }
}
