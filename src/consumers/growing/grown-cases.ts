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

export const grownCases = ({ redact, train, mostCases }: Pick<CheckedRule, 'redact' | 'train' | 'mostCases'>): GrownCases => {
  const written = { redact: redact.map((text) => new RegExp(text, 'gu')), trainShare: train }
  const cases = new Map<string, DatasetCase>()
  const idsOfRun = new Map<string, Set<string>>()
  let leftOut = 0
  let changed = false

  const keep = (found: DatasetCase): void => {
    cases.set(found.id, found)
    const { runId } = found.source
    idsOfRun.set(runId, (idsOfRun.get(runId) ?? new Set()).add(found.id))
  }
  const take = (runId: string, id: string): void => {
    cases.delete(id)
    const ids = idsOfRun.get(runId)
    ids?.delete(id)
    if (ids?.size === 0) idsOfRun.delete(runId)
  }
  const add = (found: DatasetCase): void => {
    const before = cases.get(found.id)
    if (before !== undefined && before.source.runId !== found.source.runId) return
    if (before === undefined && cases.size >= mostCases) {
      leftOut += 1
      return
    }
    const after = writtenCase(found, written)
    if (before !== undefined && JSON.stringify(before) === JSON.stringify(after)) return
    keep(after)
    changed = true
  }
  return {
    load: keep,
    put(runId, found) {
      // Of an input that the run has had twice, the first.
      const fitting = new Map([...found].reverse().map((each) => [each.id, each]))
      for (const id of [...(idsOfRun.get(runId) ?? [])]) {
        if (fitting.has(id)) continue
        take(runId, id)
        changed = true
      }
      for (const each of fitting.values()) add(each)
    },
    has: (runId) => idsOfRun.has(runId),
    size: () => cases.size,
    leftOut: () => leftOut,
    isChanged: () => changed,
    noteWritten() {
      changed = false
    },
    all: () => [...cases.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
  }
}
