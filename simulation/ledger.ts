import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { Hands } from './agents.ts'

/** One effect that a tool has had. */
export interface LedgerLine {
  /** The idempotency key: `<run>/<call>`. */
  readonly key: string
  readonly tool: string
  readonly effect: string
  readonly n: number
  /** The process that did it. */
  readonly owner: string
}

/** The books of the world outside, in a file that several processes write. */
export interface Ledger {
  /** On the disk when it returns. */
  record(line: LedgerLine): void
  lines(): readonly LedgerLine[]
}

export const fileLedger = (path: string): Ledger => ({
  record(line) {
    const file = openSync(path, 'a')
    writeSync(file, `${JSON.stringify(line)}\n`)
    fsyncSync(file)
    closeSync(file)
  },
  lines: () => (existsSync(path) ? parseLines(readFileSync(path, 'utf8')) : []),
})

const parseLines = (text: string): LedgerLine[] => text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as LedgerLine]))

/** Keys of `once` effects that were had more than once. */
export const hadTwice = (lines: readonly LedgerLine[]): string[] =>
  [...Map.groupBy(lines, ({ key }) => key)].flatMap(([key, had]) => (had[0]?.effect === 'once' && had.length > 1 ? [key] : []))

/** Does what tools are asked by writing it into the ledger, some milliseconds after it was asked. */
export const ledgerHands = (ledger: Ledger, owner: string): Hands => ({
  async execute({ name, effect }, input, { idempotencyKey }) {
    const { n } = input as { n: number }
    await pause(Math.random() * 25)
    ledger.record({ key: idempotencyKey, tool: name, effect, n, owner })
    await pause(Math.random() * 25)
    return { n, done: `did ${n}` }
  },
  async lookUp(_, key) {
    await pause(Math.random() * 10)
    const entry = ledger.lines().find((line) => line.key === key)
    return entry === undefined ? { found: 'nothing' } : { found: 'succeeded', output: { n: entry.n, done: `did ${entry.n}` } }
  },
})
