import type { ViewRecords } from '../projections/view-records.ts'
import { fieldName } from './view-table.ts'
import { recordTables } from './view-tables.ts'

/** Records of which those of a higher revision take the place of others of their key. */
export interface NewestRecords {
  readonly add: (records: ViewRecords) => void
  readonly all: () => ViewRecords
  /** Records of a run from before its deletion. */
  readonly forget: (runId: string, before: number) => void
}

type TableRecord = Readonly<Record<string, unknown>> & { readonly revision: number }

const tables = Object.entries(recordTables).map(([name, { key }]) => ({ name: name as keyof ViewRecords, fields: key.map(fieldName) }))

export const newestRecords = (): NewestRecords => {
  const held = tables.map((table) => ({ ...table, records: new Map<string, TableRecord>() }))
  return {
    add(given) {
      for (const { name, fields, records } of held) {
        for (const record of given[name] as readonly (object & { readonly revision: number })[]) {
          const one = record as TableRecord
          let key = ''
          for (const field of fields) key += `${String(one[field])}\n`
          if (one.revision > (records.get(key)?.revision ?? -1)) records.set(key, one)
        }
      }
    },
    forget(runId, before) {
      for (const { records } of held)
        for (const [key, record] of records) if (record['runId'] === runId && record.revision < before) records.delete(key)
    },
    all: () => Object.fromEntries(held.map(({ name, records }) => [name, [...records.values()]])) as unknown as ViewRecords,
  }
}
