import type { RunRow } from '../server/contract.ts'

/** A state as a sign and a word: nobody has to tell colours apart. */
export interface Sign {
  readonly sign: string
  readonly word: string
  readonly kind: 'good' | 'warn' | 'bad' | 'quiet' | 'work'
}

const standings: Readonly<Record<Exclude<RunRow['standing'], 'over'>, Sign>> = {
  work: { sign: '●', word: 'working', kind: 'work' },
  timer: { sign: '◷', word: 'timer', kind: 'quiet' },
  message: { sign: '✉', word: 'message', kind: 'quiet' },
  approval: { sign: '☝', word: 'approval', kind: 'warn' },
  human: { sign: '☻', word: 'person', kind: 'warn' },
  child: { sign: '↳', word: 'child', kind: 'quiet' },
  paused: { sign: '‖', word: 'paused', kind: 'warn' },
}

const endings: Readonly<Record<RunRow['status'], Sign>> = {
  active: { sign: '●', word: 'active', kind: 'work' },
  completed: { sign: '✓', word: 'done', kind: 'good' },
  failed: { sign: '✗', word: 'failed', kind: 'bad' },
  cancelled: { sign: '⊘', word: 'cancelled', kind: 'quiet' },
  deleted: { sign: '∅', word: 'deleted', kind: 'quiet' },
}

const STUCK: Sign = { sign: '!', word: 'stuck', kind: 'bad' }

export const signOf = ({ standing, stuck, status }: Pick<RunRow, 'standing' | 'stuck' | 'status'>): Sign => {
  if (stuck !== null) return STUCK
  return standing === 'over' ? endings[status] : standings[standing]
}

/** One filter of the list, with what it asks for and how many runs fit it. */
export interface Filter {
  readonly name: string
  readonly query: Readonly<Record<'standing' | 'stuck' | 'status', string | undefined>>
  readonly count: (counts: Counts) => number
}

type Counts = NonNullable<import('../server/contract.ts').RunPage['counts']>

const none = { standing: undefined, stuck: undefined, status: undefined }
const standing = (name: Exclude<RunRow['standing'], 'over'>): Filter => ({
  name: standings[name].word,
  query: { ...none, standing: name },
  count: (counts) => counts.standing[name],
})
const ended = (name: 'completed' | 'failed' | 'cancelled'): Filter => ({
  name: endings[name].word,
  query: { ...none, status: name },
  count: (counts) => counts.status[name],
})

export const filters: readonly Filter[] = [
  { name: 'all', query: none, count: ({ all }) => all },
  standing('work'),
  standing('timer'),
  standing('message'),
  standing('approval'),
  standing('human'),
  standing('child'),
  standing('paused'),
  { name: 'stuck', query: { ...none, stuck: 'any' }, count: ({ stuck }) => Object.values(stuck).reduce((sum, each) => sum + each, 0) },
  ended('completed'),
  ended('failed'),
  ended('cancelled'),
]
