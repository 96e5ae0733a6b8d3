import { describe, expect, test } from 'vitest'
import { pageOf, type ViewRow } from '../../../src/views/view-queries.ts'

const rows = (count: number, length: number): ViewRow[] =>
  Array.from({ length: count }, (_, at) => ({ at, run_id: `run-${at}`, said_revision: 1, text: 'x'.repeat(length) }))

const placeOf = (next: string | null): unknown => JSON.parse(Buffer.from(next ?? '', 'base64url').toString())

describe('a page of a view', () => {
  test('ends with the row that makes it longer than some MiB, and the next one begins behind it', () => {
    const { rows: shown, next } = pageOf('transcript', { limit: 100 }, rows(100, 100_000))
    expect(shown).toHaveLength(42)
    expect(placeOf(next)).toEqual(['transcript', 41, 'run-41', 1])
  })

  test('has one row at least, however long it is', () => {
    const { rows: shown, next } = pageOf('transcript', { limit: 100 }, rows(2, 10_000_000))
    expect(shown).toHaveLength(1)
    expect(placeOf(next)).toEqual(['transcript', 0, 'run-0', 1])
  })

  test('has rows that equal plain objects, as SQLite gives them without a prototype', () => {
    const found: ViewRow = Object.assign(Object.create(null) as object, { run_id: 'a' })
    expect(pageOf('transcript', { limit: 1 }, [found]).rows).toStrictEqual([{ run_id: 'a' }])
  })

  test('has all that is asked for, where it is short, and no next one behind the last row', () => {
    expect(pageOf('transcript', { limit: 10 }, rows(11, 10)).rows).toHaveLength(10)
    expect(pageOf('transcript', { limit: 10 }, rows(10, 10)).next).toBeNull()
    expect(pageOf('transcript', { limit: 10 }, rows(1, 10_000_000)).next).toBeNull()
  })
})
