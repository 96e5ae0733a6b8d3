import { createStore } from '@xstate/store'
import type { OutlineRow } from '../../src/projections/outline-row.ts'
import { setQuery } from '../address/address.ts'
import { hasWords } from '../parts/has-words.ts'
import { here, moveTo } from './cursor.ts'
import type { Said } from './transcript-store.ts'

/** Whether the field of a search within the run is open; what is searched for is in the address. */
export const finding = createStore({
  context: { isOpen: false },
  on: { opened: () => ({ isOpen: true }), closed: () => ({ isOpen: false }) },
})

export const openFind = (): void => {
  finding.trigger.opened()
  queueMicrotask(() => {
    const field = document.querySelector<HTMLInputElement>('.find input')
    field?.focus()
    field?.select()
  })
}

export const closeFind = (): void => {
  finding.trigger.closed()
  setQuery({ find: undefined }, 'slide')
}

/** Revisions of events that say so: in their line, or in what was said by then. */
export const matchesOf = (rows: readonly OutlineRow[], said: readonly Said[], words: string): readonly number[] => {
  const saidAt = Map.groupBy(said, ({ saidRevision }) => saidRevision)
  return rows.flatMap(({ revision, type, summary, callId, tool, model, by, actor }) => {
    const texts = saidAt.get(revision)?.flatMap(({ text, asksFor }) => [text, asksFor]) ?? []
    return hasWords(words, [`#${revision}`, type, summary, callId, tool, model, by, actor, ...texts]) ? [revision] : []
  })
}

/** To the next one, or the one before; behind the last comes the first. */
export const moveToMatch = (matches: readonly number[], step: 1 | -1): void => {
  const at = here()
  const next = step === 1 ? (matches.find((each) => each > at) ?? matches[0]) : (matches.findLast((each) => each < at) ?? matches.at(-1))
  if (next !== undefined) moveTo(next)
}
