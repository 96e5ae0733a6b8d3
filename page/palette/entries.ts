import { visibleText } from '../../src/text.ts'
import { address, go } from '../address/address.ts'
import { command } from '../commands/command-store.ts'
import { commands } from '../commands/commands.ts'
import { actionsHere, keyText } from '../keys/keys.ts'
import { preferences } from '../preferences/preferences.ts'
import { openRun } from '../run/run-store.ts'
import { runHref } from '../runs/run-row.tsx'
import { mayGive, possibleCommands } from '../commands/possible-commands.ts'
import { session } from '../session/session-store.ts'
import type { RunRow } from '../server/contract.ts'

/** One line of the palette. */
export interface Entry {
  readonly key: string
  readonly text: string
  /** What else it is known by: keys, a state. */
  readonly aside: string
  readonly act: () => void
}

const MOST = 12

const ofKeys = (): readonly Entry[] =>
  actionsHere()
    .filter(({ keys }) => !keys.includes('Mod+k'))
    .map(({ keys, does, act }) => ({ key: `key ${does}`, text: does, aside: keys.map(keyText).join(', '), act }))

const ofViews = (): readonly Entry[] =>
  preferences.getSnapshot().context.views.map(({ name, text }) => ({
    key: `view ${name}`,
    text: `☆ ${visibleText(name)}`,
    aside: 'view of the runs',
    act: () => {
      go(text)
    },
  }))

/** What can be done to the run that is open. */
const ofRun = (): readonly Entry[] => {
  const { row } = openRun.getSnapshot().context
  if (row === undefined || address.getSnapshot().context.path !== runHref(row.runId)) return []
  const { who } = session.getSnapshot().context
  return possibleCommands(row, who?.name)
    .filter((name) => mayGive(name, who?.scopes))
    .map((name) => ({
      key: `command ${name}`,
      text: `${commands[name].title} …`,
      aside: visibleText(row.runId),
      act: () => {
        command.trigger.opened({ name, runId: row.runId })
      },
    }))
}

const toRun = (runId: string, aside: string): Entry => ({
  key: `run ${runId}`,
  text: visibleText(runId),
  aside,
  act: () => {
    go(runHref(runId))
  },
})

const wordsOf = (text: string): readonly string[] =>
  text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')

/** What fits all words, the one that begins with them first; then runs that were found, and the one that has exactly this id. */
export const entriesFor = (typed: string, found: readonly RunRow[]): readonly Entry[] => {
  const words = wordsOf(typed)
  const known = [...ofRun(), ...ofViews(), ...ofKeys()]
  const fitting = known.filter(({ text, aside }) => words.every((word) => `${text} ${aside}`.toLowerCase().includes(word)))
  const begins = (entry: Entry): number => (entry.text.toLowerCase().startsWith(words[0] ?? '') ? 0 : 1)
  const runs = found.map((row) => toRun(row.runId, visibleText(`${row.agent}, ${row.state}`)))
  const id = typed.trim()
  const exact =
    /^[^\s/]{1,128}$/.test(id) && !found.some(({ runId }) => runId === id) ? [{ ...toRun(id, 'run with this id'), key: 'exact' }] : []
  return [...fitting.toSorted((a, b) => begins(a) - begins(b)).slice(0, words.length === 0 ? undefined : MOST), ...runs, ...exact]
}
