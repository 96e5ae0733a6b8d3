import { useEffect, useRef, useState } from 'preact/hooks'
import { ask } from '../server/ask.ts'
import type { RunPage, RunRow } from '../server/contract.ts'
import { hrefOf } from '../address/address.ts'
import { entriesFor, type Entry } from './entries.ts'
import { palette } from './palette-store.ts'

const SOON_MS = 150
const MOST_RUNS = '8'

/** Finds a page, a run or a command by its words. */
export const Palette = () => {
  const dialog = useRef<HTMLDialogElement>(null)
  const [typed, setTyped] = useState('')
  const [index, setIndex] = useState(0)
  const entries = entriesFor(typed, useFound(typed))
  const selected = Math.min(index, entries.length - 1)
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  useEffect(() => {
    document.getElementById(`entry-${selected}`)?.scrollIntoView({ block: 'nearest' })
  }, [selected])
  const take = (entry: Entry | undefined): void => {
    if (entry === undefined) return
    dialog.current?.close()
    entry.act()
  }
  return (
    <dialog ref={dialog} class="palette" aria-label="Pages, runs and commands" onClose={palette.trigger.closed}>
      <input
        role="combobox"
        aria-label="Page, run or command"
        aria-expanded="true"
        aria-controls="entries"
        aria-autocomplete="list"
        {...(selected < 0 ? {} : { 'aria-activedescendant': `entry-${selected}` })}
        placeholder="page, run or command"
        maxLength={200}
        onInput={({ currentTarget }) => {
          setTyped(currentTarget.value)
          setIndex(0)
        }}
        onKeyDown={(event) => {
          const step = STEPS[event.key]
          if (step !== undefined) setIndex(Math.max(0, Math.min(entries.length - 1, selected + step)))
          else if (event.key === 'Enter') take(entries[selected])
          else return
          event.preventDefault()
        }}
      />
      <ul id="entries" role="listbox" aria-label="What fits">
        {entries.map((entry, at) => (
          <li
            key={entry.key}
            id={`entry-${at}`}
            role="option"
            aria-selected={at === selected}
            onClick={() => {
              take(entry)
            }}
          >
            <span>{entry.text}</span> <span class="faint">{entry.aside}</span>
          </li>
        ))}
      </ul>
      {entries.length === 0 && <p class="faint">Nothing fits.</p>}
    </dialog>
  )
}

const STEPS: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }

/** Runs that fit what was typed, once that has rested. */
const useFound = (typed: string): readonly RunRow[] => {
  const [found, setFound] = useState<readonly RunRow[]>([])
  useEffect(() => {
    const text = typed.trim()
    if (text === '') {
      setFound([])
      return
    }
    const controller = new AbortController()
    const timer = setTimeout(() => {
      ask<RunPage>(hrefOf('/v1/runs', { q: text, limit: MOST_RUNS }), { signal: controller.signal }).then(
        ({ runs }) => {
          setFound(runs)
        },
        () => {
          // What was typed is no search, or nobody answers: pages and commands are there.
          if (!controller.signal.aborted) setFound([])
        },
      )
    }, SOON_MS)
    return () => {
      clearTimeout(timer)
      controller.abort()
    }
  }, [typed])
  return found
}
