import { fc } from '../../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import { type StoredIds, type StreamState, decideAppend, decideDeletion, NEW_STREAM } from '../../../src/eventlog/append.ts'
import type { ExpectedRevision } from '../../../src/eventlog/event-log.ts'

const holding = (...ids: string[]): StoredIds => ({
  idAt: (revision) => ids[revision],
  revisionOf: (id) => (ids.includes(id) ? ids.lastIndexOf(id) : undefined),
})
const streamOf = (ids: readonly string[], state: Partial<StreamState> = {}): StreamState => ({
  ...NEW_STREAM,
  head: ids.length - 1,
  ...state,
})

const letters = (text: string): string[] => text.split('')

const write = (first: number): unknown => ({ kind: 'write', first })
const stored = (last: number): unknown => ({ kind: 'stored', last })
const conflict = { kind: 'conflict' }
const deleted = { kind: 'deleted' }

interface Row {
  readonly expected: ExpectedRevision
  readonly stream: string
  readonly state?: Partial<StreamState>
  readonly ids: string
  readonly decision: unknown
}

// Streams and batches are written as one letter per event id.
const table: Row[] = [
  { expected: 'any', stream: '', ids: 'x', decision: write(0) },
  { expected: 'any', stream: 'abc', ids: 'x', decision: write(3) },
  { expected: 'any', stream: 'abc', state: { status: 'deleted' }, ids: 'x', decision: write(3) },
  { expected: 'any', stream: 'abcd', ids: 'bc', decision: stored(2) },
  { expected: 'any', stream: 'abc', ids: 'bx', decision: conflict },
  { expected: 'any', stream: 'abc', ids: 'bcx', decision: conflict },
  { expected: 'any', stream: 'abc', state: { status: 'tombstoned' }, ids: 'x', decision: deleted },
  { expected: 'no-stream', stream: '', ids: 'x', decision: write(0) },
  { expected: 'no-stream', stream: '', state: { hasMetadata: true }, ids: 'x', decision: write(0) },
  { expected: 'no-stream', stream: 'abc', ids: 'x', decision: conflict },
  { expected: 'no-stream', stream: 'abc', ids: 'ab', decision: stored(1) },
  { expected: 'no-stream', stream: 'abc', ids: 'ax', decision: conflict },
  { expected: 'no-stream', stream: 'abc', ids: 'abcd', decision: conflict },
  { expected: 'no-stream', stream: 'abc', ids: 'bc', decision: conflict },
  { expected: 'no-stream', stream: 'abc', state: { status: 'deleted' }, ids: 'x', decision: write(3) },
  { expected: 'no-stream', stream: 'abc', state: { status: 'deleted' }, ids: 'ab', decision: stored(1) },
  { expected: 'no-stream', stream: 'abc', state: { status: 'deleted' }, ids: 'ax', decision: conflict },
  { expected: 'no-stream', stream: 'abcde', state: { openedAt: 3 }, ids: 'de', decision: stored(4) },
  { expected: 'no-stream', stream: 'abcde', state: { openedAt: 3 }, ids: 'x', decision: conflict },
  { expected: 'no-stream', stream: 'abc', state: { status: 'tombstoned' }, ids: 'abc', decision: deleted },
  { expected: 'stream-exists', stream: '', ids: 'x', decision: conflict },
  { expected: 'stream-exists', stream: '', state: { hasMetadata: true }, ids: 'x', decision: write(0) },
  { expected: 'stream-exists', stream: 'abc', ids: 'x', decision: write(3) },
  { expected: 'stream-exists', stream: 'abc', ids: 'c', decision: stored(2) },
  { expected: 'stream-exists', stream: 'abc', state: { status: 'deleted' }, ids: 'x', decision: deleted },
  { expected: 2, stream: 'abc', ids: 'x', decision: write(3) },
  { expected: 2, stream: 'abc', ids: 'c', decision: write(3) },
  { expected: 2, stream: 'abc', state: { status: 'deleted' }, ids: 'x', decision: write(3) },
  { expected: 3, stream: 'abc', ids: 'x', decision: conflict },
  { expected: 0, stream: '', ids: 'x', decision: conflict },
  { expected: 0, stream: 'abc', ids: 'b', decision: stored(1) },
  { expected: 0, stream: 'abc', ids: 'bc', decision: stored(2) },
  { expected: 0, stream: 'abc', ids: 'bcd', decision: conflict },
  { expected: 0, stream: 'abc', ids: 'bx', decision: conflict },
  { expected: 0, stream: 'abc', ids: 'x', decision: conflict },
  { expected: 0, stream: 'abc', state: { status: 'tombstoned' }, ids: 'b', decision: deleted },
]

describe('the decision on an append', () => {
  test.each(table)('$expected on "$stream" $state, given "$ids"', ({ expected, stream, state, ids, decision }) => {
    expect(decideAppend(streamOf(letters(stream), state), expected, letters(ids), holding(...letters(stream)))).toEqual(decision)
  })

  test('any append that was written is stored when it is repeated, whatever came after it', () => {
    const batches = fc.array(fc.array(fc.uuid(), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(batches, (appended) => {
        const all = appended.flat()
        let head = -1
        for (const batch of appended) {
          const last = head + batch.length
          if (last < all.length - 1) {
            const repeated = decideAppend(streamOf(all), head < 0 ? 'no-stream' : head, batch, holding(...all))
            expect(repeated).toEqual(stored(last))
          }
          head = last
        }
      }),
    )
  })
})

describe('the decision on a deletion', () => {
  const decide = (ids: string, expected: ExpectedRevision, kind: 'soft' | 'tombstone', state: Partial<StreamState> = {}): unknown =>
    decideDeletion(streamOf(letters(ids), state), expected, kind)

  test('wants the revision that was expected', () => {
    for (const kind of ['soft', 'tombstone'] as const) {
      expect(decide('abc', 2, kind)).toBe('apply')
      expect(decide('abc', 1, kind)).toBe('conflict')
      expect(decide('abc', 'any', kind)).toBe('apply')
      expect(decide('abc', 'stream-exists', kind)).toBe('apply')
      expect(decide('abc', 'no-stream', kind)).toBe('conflict')
    }
  })
  test('needs events to hide, but a tombstone can be set before any', () => {
    expect(decide('', 'any', 'soft')).toBe('conflict')
    expect(decide('', 'any', 'tombstone')).toBe('apply')
    expect(decide('', 'no-stream', 'tombstone')).toBe('apply')
    expect(decide('', 'stream-exists', 'tombstone')).toBe('conflict')
  })
  test('may be repeated where it is soft, and a tombstone is the end', () => {
    expect(decide('abc', 2, 'soft', { status: 'deleted' })).toBe('apply')
    expect(decide('abc', 'stream-exists', 'soft', { status: 'deleted' })).toBe('deleted')
    expect(decide('abc', 'any', 'tombstone', { status: 'tombstoned' })).toBe('deleted')
  })
})
