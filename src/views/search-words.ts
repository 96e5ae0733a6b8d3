import { tagText, tagLine } from '../events/tags.ts'

/** What a word of a search asks for: every one has to fit. */
export interface SearchTerm {
  /** A condition over `refold_runs r`, with a `?` for each value. */
  readonly text: string
  readonly values: readonly (string | number)[]
}

const MOST_WORDS = 20

/** Without wildcards: what is looked for may hold any character. */
const CONTAINS = "replace(r.search, ?, '') <> r.search"

export const USES_TOOL = 'exists (select 1 from refold_tool_calls c where c.run_id = r.run_id and c.tool = ?)'

/** This state, or one inside it: places are written as `thinking.callingModel`, or `both(a|b)` where regions stand beside each other. */
export const inState = (state: string): SearchTerm => ({
  text: '(r.state = ? or substr(r.state, 1, ?) in (?, ?))',
  values: [state, Array.from(state).length + 1, `${state}.`, `${state}(`],
})

const TOOK = 'exists (select 1 from refold_steps s where s.run_id = r.run_id and '

/** Whether a chart of it was ever there. */
const hasVisited = (state: string): SearchTerm => ({
  text: `${TOOK}(s.to_state = ? or substr(s.to_state, 1, ?) in (?, ?)))`,
  values: inState(state).values,
})

/** `from>Event>to`, of the chart of the run or of a tool call; `from` is empty where a chart begins. */
const hasTaken = (step: string): SearchTerm => ({ text: `${TOOK}s.from_state || '>' || s.event || '>' || s.to_state = ?)`, values: [step] })

const exactly =
  (text: string) =>
  (value: string): SearchTerm => ({ text, values: [value] })

/** By the name before the colon. */
const keys: ReadonlyMap<string, (value: string) => SearchTerm> = new Map([
  ['id', (value) => ({ text: 'substr(r.run_id, 1, ?) = ?', values: [Array.from(value).length, value] })],
  ['agent', exactly('r.agent = ?')],
  ['version', exactly('r.agent_version = ?')],
  ['tool', exactly(USES_TOOL)],
  ['state', inState],
  ['visited', hasVisited],
  ['took', hasTaken],
  ['status', exactly('r.status = ?')],
  ['waits', exactly('r.standing = ?')],
  ['tenant', exactly('r.tenant = ?')],
  ['parent', exactly('r.parent_run_id = ?')],
  ['fork', exactly('r.fork_of = ?')],
  ['taken', exactly('r.taken_over_by = ?')],
])

const MICRO = 1_000_000
const amounts: ReadonlyMap<string, { readonly column: string; readonly unit: number }> = new Map([
  ['cost', { column: 'cost_micro_usd', unit: MICRO }],
  ['tokens', { column: 'tokens', unit: 1 }],
  ['turns', { column: 'turn', unit: 1 }],
  ['calls', { column: 'tool_calls', unit: 1 }],
])

/** What people write into one box: words, `name:value`, `cost>0.1`; quotes hold words together, and two of them within quotes are one. */
export const searchTerms = (text: string): readonly SearchTerm[] => {
  const words = text.match(/(?:[^\s"]|"(?:[^"]|"")*"?)+/g) ?? []
  return words
    .slice(0, MOST_WORDS)
    .map((word) => word.replace(/"((?:[^"]|"")*)"?/g, (_, inner: string) => inner.replaceAll('""', '"')))
    .flatMap((word) => (word === '' ? [] : [termOf(word)]))
}

const termOf = (word: string): SearchTerm => amountTerm(word) ?? namedTerm(word) ?? containing(word)

const amountTerm = (word: string): SearchTerm | undefined => {
  const [, name = '', operator = '', digits = ''] = /^([a-z]+)(>=|<=|>|<|=)(\d{1,9}(?:\.\d{1,6})?)$/.exec(word) ?? []
  const amount = amounts.get(name)
  return amount === undefined ? undefined : { text: `r.${amount.column} ${operator} ?`, values: [Math.round(Number(digits) * amount.unit)] }
}

/** A name that is none of these is that of a tag, and perhaps only a word with a colon. */
const namedTerm = (word: string): SearchTerm | undefined => {
  const at = word.indexOf(':')
  const value = word.slice(at + 1)
  if (at <= 0 || value === '') return undefined
  const known = keys.get(word.slice(0, at))
  if (known !== undefined) return known(value)
  const tag = tagText.safeParse(`${word.slice(0, at)}=${value}`)
  if (!tag.success) return undefined
  const { text, values } = containing(word)
  return { text: `(replace(r.tags, ?, '') <> r.tags or ${text})`, values: [tagLine(tag.data), ...values] }
}

const containing = (word: string): SearchTerm => ({ text: CONTAINS, values: [word.toLowerCase()] })
