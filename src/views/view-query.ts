/** How people read a value of a column: the value itself is a text or a number. */
export type ColumnKind = 'text' | 'count' | 'time' | 'duration' | 'money' | 'number' | 'yes'

export interface QueryColumn {
  readonly name: string
  readonly kind: ColumnKind
  readonly nullable?: true
  /** Not in a table for people, which has to fit on a screen. */
  readonly aside?: true
}

/** A question to the tables, the same text for SQLite and Postgres. */
export interface ViewQuery {
  /** One sentence. */
  readonly about: string
  readonly columns: readonly QueryColumn[]
  /** `select … from …`, which has all columns; conditions follow. */
  readonly from: string
  /** For the `?` in `from`. */
  readonly values?: (now: number, waitingMs: number) => readonly (string | number)[]
  readonly groupBy?: string
  /** What its rows may be of, by name, the first without a choice: the chosen one stands for `{by}`. */
  readonly by?: Readonly<Record<string, string>>
  /** Length of a slot of time where nothing else is asked for: it stands for `{every}`. */
  readonly everyMs?: number
  /** A query of what is found so far, which stands for `{rows}`. */
  readonly around?: string
  /** Conditions with one `?` each. */
  readonly filters: Partial<Readonly<Record<'run' | 'agent' | 'agentVersion' | 'tenant' | 'tag' | 'since' | 'until' | 'status', string>>>
  /** What `status` may be. */
  readonly statuses?: readonly string[]
  /** Columns that are never null and together name one row: a page goes on behind the last row of the page before. */
  readonly order: { readonly keys: readonly string[]; readonly direction: 'asc' | 'desc' }
}

export const inColumns = ({ columns }: ViewQuery): string => columns.map(({ name }) => name).join(', ')

const column =
  (kind: ColumnKind) =>
  (name: string, ...more: readonly ('nullable' | 'aside')[]): QueryColumn => ({
    name,
    kind,
    ...(more.includes('nullable') ? { nullable: true } : {}),
    ...(more.includes('aside') ? { aside: true } : {}),
  })

export const text = column('text')
export const count = column('count')
export const time = column('time')
export const duration = column('duration')
export const money = column('money')
/** Any number: the others are whole. */
export const number = column('number')
export const yes = column('yes')

/** Of the run, which every view joins as `r`. */
export const ofRun = { run: 'r.run_id = ?', agent: 'r.agent = ?', tenant: 'r.tenant = ?', tag: "replace(r.tags, ?, '') <> r.tags" } as const

export const between = (expression: string): { readonly since: string; readonly until: string } => ({
  since: `${expression} >= ?`,
  until: `${expression} < ?`,
})
