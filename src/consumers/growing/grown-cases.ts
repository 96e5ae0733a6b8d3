import { jsonText } from '../../json.ts'
import { writtenCase } from '../../evals/dataset.ts'
import type { DatasetCase } from '../../evals/dataset-case.ts'
import type { CheckedRule } from '../../evals/growing/grow-rule.ts'

/** The cases of one dataset, each input once. */
export interface GrownCases {
  /** From its file. */
  load(found: DatasetCase): void
  /** All that fit of a run, in the place of those that are there of it. What another run has given before stays that of the other. */
  put(runId: string, found: readonly DatasetCase[]): void
  readonly has: (runId: string) => boolean
  readonly size: () => number
  /** Left out, since there is no more room. */
  readonly leftOut: () => number
  /** Since it was written. */
  readonly isChanged: () => boolean
  noteWritten(): void
  /** In the order of their ids. */
  readonly all: () => readonly DatasetCase[]
}

/** Of one dataset: it is in memory, and is written whole. */
const MOST_BYTES = 128 * 1024 * 1024

export const grownCases = (
  { redact, train, mostCases }: Pick<CheckedRule, 'redact' | 'train' | 'mostCases'>,
  mostBytes = MOST_BYTES,
): GrownCases => {
  const written = { redact: redact.map((text) => new RegExp(text, 'gu')), trainShare: train }
  const kept = keptCases()
  let leftOut = 0
  let changed = false

  const add = (found: DatasetCase): void => {
    const before = kept.cases.get(found.id)
    if (before !== undefined && before.source.runId !== found.source.runId) return
    const after = writtenCase(found, written)
    if (before !== undefined && jsonText(before) === jsonText(after)) return
    if ((before === undefined && kept.cases.size >= mostCases) || kept.bytesWith(after) > mostBytes) {
      leftOut += 1
      return
    }
    kept.keep(after)
    changed = true
  }
  return {
    load: (found) => {
      kept.keep(found)
    },
    put(runId, found) {
      // Of an input that the run has had twice, the first.
      const fitting = new Map([...found].reverse().map((each) => [each.id, each]))
      for (const id of kept.idsOf(runId)) {
        if (fitting.has(id)) continue
        kept.take(runId, id)
        changed = true
      }
      for (const each of fitting.values()) add(each)
    },
    has: (runId) => kept.idsOf(runId).length > 0,
    size: () => kept.cases.size,
    leftOut: () => leftOut,
    isChanged: () => changed,
    noteWritten() {
      changed = false
    },
    all: () => [...kept.cases.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
  }
}

/** By id and by run, and how many bytes they are as lines. */
const keptCases = () => {
  const cases = new Map<string, DatasetCase>()
  const idsOfRun = new Map<string, Set<string>>()
  const bytesOf = new Map<string, number>()
  let bytes = 0
  const sizeOf = (found: DatasetCase): number => Buffer.byteLength(jsonText(found)) + 1
  const weigh = (id: string, now: number): void => {
    bytes += now - (bytesOf.get(id) ?? 0)
    bytesOf.set(id, now)
  }
  return {
    cases: cases as ReadonlyMap<string, DatasetCase>,
    idsOf: (runId: string): readonly string[] => [...(idsOfRun.get(runId) ?? [])],
    bytesWith: (found: DatasetCase): number => bytes - (bytesOf.get(found.id) ?? 0) + sizeOf(found),
    keep(found: DatasetCase): void {
      weigh(found.id, sizeOf(found))
      cases.set(found.id, found)
      const { runId } = found.source
      idsOfRun.set(runId, (idsOfRun.get(runId) ?? new Set()).add(found.id))
    },
    take(runId: string, id: string): void {
      weigh(id, 0)
      bytesOf.delete(id)
      cases.delete(id)
      const ids = idsOfRun.get(runId)
      ids?.delete(id)
      if (ids?.size === 0) idsOfRun.delete(runId)
    },
  }
}
