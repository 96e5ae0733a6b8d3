import { describe, expect, test } from 'vitest'
import { pointInTime, timeSpan } from '../../src/cli/point-in-time.ts'
import { csvLines, viewTable } from '../../src/cli/view-rows.ts'
import { viewObject } from '../../src/views/view-object.ts'
import { duration, money, text, time, yes } from '../../src/views/view-query.ts'

const columns = [
  time('asked_at'),
  text('tool', 'nullable'),
  duration('duration_ms', 'nullable'),
  money('cost_micro_usd'),
  yes('paused', 'aside'),
]
const row = { asked_at: 1_700_000_000_000, tool: 'say "hi", then\ngo', duration_ms: 2_500, cost_micro_usd: 1_200, paused: 1 }
const empty = { asked_at: 1_700_000_000_000, tool: null, duration_ms: null, cost_micro_usd: 0, paused: 0 }

describe('the rows of a view', () => {
  test('are a table for people, in words that people read', () => {
    expect(viewTable(columns, [row, empty], Infinity)).toEqual([
      'ASKED AT (UTC)       TOOL               DURATION     COST',
      '2023-11-14 22:13:20  say "hi", then go     2.5 s  $0.0012',
      '2023-11-14 22:13:20                               $0.0000',
    ])
  })
  test('give way in a narrow terminal', () => {
    for (const line of viewTable(columns, [row], 50)) expect(line.length).toBeLessThanOrEqual(50)
  })
  test('are CSV with every column, quoted as RFC 4180 wants it', () => {
    expect(csvLines(columns, [row, empty])).toEqual([
      'asked_at,tool,duration_ms,cost_micro_usd,paused\r\n',
      '1700000000000,"say ""hi"", then\ngo",2500,1200,1\r\n',
      '1700000000000,,,0,0\r\n',
    ])
  })
  test('have the names of the API as JSON', () => {
    expect(viewObject(columns, empty)).toEqual({ askedAt: 1_700_000_000_000, tool: null, durationMs: null, costMicroUsd: 0, paused: false })
  })
})

describe('a time on the command line', () => {
  test('is so long ago, a day in UTC, or a moment', () => {
    const now = Date.UTC(2026, 10, 28, 12)
    const at = (told: string): string => new Date(pointInTime(told)(now)).toISOString()
    expect(at('30s')).toBe('2026-11-28T11:59:30.000Z')
    expect(at('2h')).toBe('2026-11-28T10:00:00.000Z')
    expect(at('7d')).toBe('2026-11-21T12:00:00.000Z')
    expect(at('2026-11-01')).toBe('2026-11-01T00:00:00.000Z')
    expect(at('2026-11-01T10:00+02:00')).toBe('2026-11-01T08:00:00.000Z')
    expect(timeSpan('15m')).toBe(900_000)
  })
  test.each(['yesterday', '2', '2 h', '-2h', '2026-13-01', '2026-11-01T10:00', '1w', ''])('is refused where it is “%s”', (told) => {
    expect(() => pointInTime(told)).toThrow(/Expected 30s/)
    expect(() => timeSpan(told)).toThrow(/Expected 30s/)
  })
})
