import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { AppError, isAppError, messageOf } from '../../errors.ts'
import { casesInText, datasetLines } from '../../evals/dataset.ts'
import type { DatasetCase } from '../../evals/dataset-case.ts'
import { hashOfRule, type CheckedRule } from '../../evals/growing/grow-rule.ts'
import { sha256 } from '../../hash.ts'
import { isDraft, makePrivateFolder, replacePrivateFile } from '../../private-files.ts'
import { visibleJson } from '../../text.ts'
import { grownCases, type GrownCases } from './grown-cases.ts'

// The files of grown datasets, and beside them how far the log was read for them. Both are made of the log: what is missing is made again.
// A file is replaced as a whole, and what it may hold is noted before: whoever goes on after a crash finds a file that is known, and repeats
// what was not noted. What somebody else has written is nobody's to replace.

export interface GrownDataset {
  readonly rule: CheckedRule
  readonly file: string
  readonly cases: GrownCases
  /** Of the text that the file holds; undefined where there is none. */
  written: Written | undefined
}

interface Written {
  readonly hash: string
  readonly modifiedMs: number
  readonly bytes: number
}

export interface GrownFiles {
  /** Of the newest event that was considered; 0 is none. */
  position: number
  /** Runs of which the end of a turn may make cases. */
  readonly hinted: Set<string>
  /** Without those whose files somebody else has written. */
  readonly datasets: GrownDataset[]
  /** Texts that files may hold which have grown by rules that are gone, by name: they grow no more, and deletions reach them. */
  readonly retired: Map<string, readonly string[]>
  /** Runs that were deleted since the files were written. */
  readonly deleted: Set<string>
}

export interface FilesParts {
  readonly dir: string
  readonly rules: readonly CheckedRule[]
  /** As `refold.log` names the log: another one once a copy was restored. */
  readonly logId: string
  /** Told of a file that is left as it is. */
  readonly foreign: (file: string) => void
}

const MOST_FILE_BYTES = 512 * 1024 * 1024
export const MOST_HINTED = 100_000

const shape = z.object({
  logId: z.string(),
  position: z.int().nonnegative(),
  hinted: z.array(z.string()).max(MOST_HINTED),
  /** By name: hash of the rule, and of the texts that the file may hold. */
  datasets: z.record(z.string(), z.object({ rule: z.string(), texts: z.array(z.string()) })),
})
type Place = z.infer<typeof shape>
type KnownDataset = Place['datasets'][string]

const PLACE = '.grown.json'

/** How far the log was read for the datasets of a folder; 0 where nothing says so. */
export const grownTo = async (dir: string): Promise<number> => (await readPlace(dir))?.position ?? 0

/** Rejects with `StoreUnavailable` for a folder that cannot be read or made. */
export const openGrownFiles = (parts: FilesParts): Promise<GrownFiles> =>
  reporting(parts.dir, async () => {
    makePrivateFolder(parts.dir)
    await removeDrafts(parts.dir)
    const place = await readPlace(parts.dir)
    const datasets: GrownDataset[] = []
    for (const rule of parts.rules) {
      const opened = await openDataset(parts, rule, place)
      if (opened !== undefined) datasets.push(opened)
    }
    // What one of them has not seen is looked at for all: the same cases are the same ones.
    const isWhole = place?.logId === parts.logId && datasets.every(({ written }) => written !== undefined)
    return {
      position: isWhole ? place.position : 0,
      hinted: new Set(isWhole ? place.hinted : []),
      datasets,
      retired: retiredIn(parts, place),
      deleted: new Set(),
    }
  })

const retiredIn = ({ rules }: FilesParts, place: Place | undefined): GrownFiles['retired'] => {
  const known = new Set(rules.map(({ name }) => name))
  return new Map(Object.entries(place?.datasets ?? {}).flatMap(([name, { texts }]) => (known.has(name) ? [] : [[name, texts] as const])))
}

/** Of a process that has ended while it wrote: no other one writes here. */
const removeDrafts = async (dir: string): Promise<void> => {
  for (const name of await readdir(dir)) if (isDraft(name)) await rm(join(dir, name), { force: true })
}

const openDataset = async (
  { dir, logId, foreign }: FilesParts,
  rule: CheckedRule,
  place: Place | undefined,
): Promise<GrownDataset | undefined> => {
  const file = join(dir, `${rule.name}.jsonl`)
  const known = place?.datasets[rule.name]
  const cases = grownCases(rule)
  const text = await readText(file)
  if (text === undefined) return { rule, file, cases, written: undefined }
  const hash = sha256(text)
  if (known?.texts.includes(hash) !== true) {
    foreign(file)
    return undefined
  }
  // Of another log or another rule nothing stays: it grows again.
  if (place?.logId !== logId || known.rule !== hashOfRule(rule)) return { rule, file, cases, written: undefined }
  for (const found of casesInText(text, file)) cases.load(found)
  return { rule, file, cases, written: await standing(file, hash) }
}

/** Writes what has changed, and then how far it goes. Rejects with `StoreUnavailable`. */
export const writeGrownFiles = (parts: FilesParts, files: GrownFiles, position: number): Promise<void> =>
  reporting(parts.dir, async () => {
    await leaveForeign(parts, files)
    const changes = files.datasets
      .filter(({ cases, written }) => cases.isChanged() || written === undefined)
      .map((dataset) => ({ dataset, text: textOf(dataset.cases.all()) }))
    const after = new Map(changes.map(({ dataset, text }) => [dataset.rule.name, sha256(text)]))
    if (changes.length > 0) await writePlace(parts, files, after)
    for (const { dataset, text } of changes) {
      await replacePrivateFile(dataset.file, text)
      dataset.written = await standing(dataset.file, sha256(text))
      dataset.cases.noteWritten()
    }
    if (files.deleted.size > 0) await forgetInRetired(parts, files)
    files.position = position
    await writePlace(parts, files, new Map())
  })

const forgetInRetired = async (parts: FilesParts, files: GrownFiles): Promise<void> => {
  const { retired, deleted } = files
  for (const [name, texts] of [...retired]) {
    const file = join(parts.dir, `${name}.jsonl`)
    const text = await readText(file)
    if (text === undefined || !texts.includes(sha256(text))) {
      retired.delete(name)
      if (text !== undefined) parts.foreign(file)
      continue
    }
    const cases = casesInText(text, file)
    const left = cases.filter(({ source }) => !deleted.has(source.runId))
    if (left.length === cases.length) continue
    const after = textOf(left)
    retired.set(name, [sha256(text), sha256(after)])
    await writePlace(parts, files, new Map())
    await replacePrivateFile(file, after)
  }
  deleted.clear()
}

/** Somebody has added to it, or has taken it away: it is theirs. */
const leaveForeign = async ({ foreign }: FilesParts, { datasets }: GrownFiles): Promise<void> => {
  for (const dataset of [...datasets]) {
    const { file, written } = dataset
    const found = await statOf(file)
    const isOurs = found === undefined || (written === undefined ? true : isSame(written, found))
    if (isOurs) continue
    foreign(file)
    datasets.splice(datasets.indexOf(dataset), 1)
  }
}

const isSame = (one: Pick<Written, 'modifiedMs' | 'bytes'>, other: Pick<Written, 'modifiedMs' | 'bytes'>): boolean =>
  one.modifiedMs === other.modifiedMs && one.bytes === other.bytes

const standing = async (file: string, hash: string): Promise<Written> => ({
  hash,
  ...((await statOf(file)) ?? { modifiedMs: 0, bytes: 0 }),
})

const statOf = async (file: string): Promise<Omit<Written, 'hash'> | undefined> => {
  try {
    const { mtimeMs, size } = await stat(file)
    return { modifiedMs: mtimeMs, bytes: size }
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** As `refold dataset create` writes it. */
const textOf = (cases: readonly DatasetCase[]): string => datasetLines(cases).split('\n').map(visibleJson).join('\n')

const readText = async (file: string): Promise<string | undefined> => {
  const found = await statOf(file)
  if (found === undefined) return undefined
  if (found.bytes > MOST_FILE_BYTES)
    throw new AppError('TooLarge', `Expected ${MOST_FILE_BYTES} bytes at most in ${file}, found ${found.bytes}`)
  return readFile(file, 'utf8')
}

/** Undefined where there is none, or none that can be used: then all of it is made again. */
const readPlace = async (dir: string): Promise<Place | undefined> => {
  const text = await readText(join(dir, PLACE))
  if (text === undefined) return undefined
  try {
    return shape.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

const writePlace = (
  { dir, logId }: FilesParts,
  { position, hinted, datasets, retired }: GrownFiles,
  after: ReadonlyMap<string, string>,
): Promise<void> => {
  const entries = datasets.map(({ rule, written }) => {
    const texts = [written?.hash, after.get(rule.name)].filter((hash) => hash !== undefined)
    return [rule.name, { rule: hashOfRule(rule), texts }] as const
  })
  // Of no rule: one that comes back under its name begins anew.
  const others = [...retired].map(([name, texts]): [string, KnownDataset] => [name, { rule: '', texts: [...texts] }])
  const known = Object.fromEntries<KnownDataset>([...others, ...entries])
  const place: Place = { logId, position, hinted: [...hinted], datasets: known }
  return replacePrivateFile(join(dir, PLACE), JSON.stringify(place))
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'

const reporting = async <Result>(dir: string, work: () => Promise<Result>): Promise<Result> => {
  try {
    return await work()
  } catch (cause) {
    if (isAppError(cause)) throw cause
    const message = `Expected a folder of datasets that can be read and written, found this at ${dir}: ${messageOf(cause)}`
    throw new AppError('StoreUnavailable', message, { retryable: true, details: { dir }, cause })
  }
}
