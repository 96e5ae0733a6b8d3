import { useMemo, useState } from 'preact/hooks'
import { oneLine } from '../../src/projections/printable.ts'
import { visibleText } from '../../src/text.ts'
import { Link } from '../address/link.tsx'
import { ShownText } from '../parts/shown-text.tsx'
import { WindowList } from '../parts/window-list.tsx'
import { Time } from '../preferences/time.tsx'
import { runHref } from '../runs/run-row.tsx'
import type { SqlResult } from '../server/contract.ts'
import { isRunIdColumn, momentOf } from './sql-text.ts'

type Column = SqlResult['columns'][number]
type Row = SqlResult['rows'][number]
type Value = Row[number]

const ROW_HEIGHT = 26
const LOOKED_AT = 50
const WIDEST = 46
const NARROWEST = 6
const SHOWN = 200
const MOST_COLUMNS = 200

/** All rows of a result, of which those are in the document that are seen; one of them may be looked at whole. */
export const ResultTable = ({ result }: { readonly result: SqlResult }) => {
  const { rows } = result
  const columns = result.columns.slice(0, MOST_COLUMNS)
  const [selected, setSelected] = useState<number | undefined>()
  const template = useMemo(() => `6ch ${columns.map((column, at) => `${widthOf(column, at, rows)}ch`).join(' ')}`, [result])
  const row = selected === undefined ? undefined : rows[selected]
  return (
    <>
      {result.columns.length > MOST_COLUMNS && <p class="faint">The first {MOST_COLUMNS} columns are shown; the CSV has all.</p>}
      <WindowList
        label="Result"
        role="table"
        count={rows.length}
        rowHeight={ROW_HEIGHT}
        head={
          <div role="row" class="result-row head" style={{ gridTemplateColumns: template }}>
            <span role="columnheader" class="number">
              #
            </span>
            {columns.map(({ name, type }, at) => (
              <span key={at} role="columnheader" class={isNumber(type) ? 'number' : ''} title={type}>
                {oneLine(name, SHOWN)}
              </span>
            ))}
          </div>
        }
        row={(index) => (
          <div
            key={index}
            role="row"
            class={index === selected ? 'result-row selected' : 'result-row'}
            style={{ gridTemplateColumns: template }}
          >
            <span role="cell">
              <button
                type="button"
                class="plain"
                aria-label={`Row ${index + 1}, whole`}
                aria-pressed={index === selected}
                onClick={() => {
                  setSelected(index === selected ? undefined : index)
                }}
              >
                {index + 1}
              </button>
            </span>
            {columns.map((column, at) => (
              <Cell key={at} column={column} value={rows[index]?.[at] ?? null} />
            ))}
          </div>
        )}
      />
      {row !== undefined && selected !== undefined && <WholeRow number={selected + 1} columns={columns} row={row} />}
    </>
  )
}

const isNumber = (type: string): boolean => type === 'integer' || type === 'real'

const widthOf = ({ name }: Column, at: number, rows: readonly Row[]): number => {
  const lengths = rows.slice(0, LOOKED_AT).map((row) => String(row[at] ?? '').length)
  return Math.min(WIDEST, Math.max(NARROWEST, name.length, ...lengths)) + 2
}

const Cell = ({ column: { name, type }, value }: { readonly column: Column; readonly value: Value }) => {
  const at = momentOf(name, value)
  return (
    <span
      role="cell"
      class={isNumber(type) ? 'number' : value === null ? 'faint' : ''}
      {...(at === undefined ? {} : { title: new Date(at).toISOString() })}
    >
      {typeof value === 'string' && isRunIdColumn(name) ? (
        <Link to={runHref(value)}>{oneLine(value, SHOWN)}</Link>
      ) : value === null ? (
        'null'
      ) : (
        oneLine(String(value), SHOWN)
      )}
    </span>
  )
}

const WholeRow = ({ number, columns, row }: { readonly number: number; readonly columns: readonly Column[]; readonly row: Row }) => (
  <section class="whole-row" aria-label={`Row ${number}`} tabIndex={0}>
    <dl>
      {columns.map(({ name }, at) => (
        <Field key={at} name={name} value={row[at] ?? null} />
      ))}
    </dl>
  </section>
)

const Field = ({ name, value }: { readonly name: string; readonly value: Value }) => {
  const at = momentOf(name, value)
  return (
    <>
      <dt>{visibleText(name)}</dt>
      <dd>
        {value === null ? <span class="faint">null</span> : <ShownText text={String(value)} />}
        {at !== undefined && (
          <span class="faint">
            {' '}
            <Time at={at} />
          </span>
        )}
      </dd>
    </>
  )
}
