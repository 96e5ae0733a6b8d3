import { pino } from 'pino'
import { expect, test } from 'vitest'
import { type Notice, toldNotices } from '../../../src/runtime/notices.ts'

const WARN = 40

test('Every notice is a line at the default level, with its facts, and is counted from nought', () => {
  const lines: Record<string, unknown>[] = []
  const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) })
  const { notices, notify } = toldNotices(logger, undefined)
  const facts = { runId: 'run-1', offsetMs: -300_000, message: 'why' }
  // The one after which nothing more is said comes last.
  const types = Object.keys(notices).sort((a, b) => Number(a === 'logWentBack') - Number(b === 'logWentBack'))
  expect(types).toEqual(expect.arrayContaining(['callTakenOver', 'resultDropped', 'clockSkew', 'runsLeft']))
  expect(Object.values(notices).every((count) => count === 0)).toBe(true)
  for (const type of types) notify({ ...facts, type } as unknown as Notice)
  expect(lines).toHaveLength(types.length)
  for (const line of lines) {
    expect(line['level']).toBeGreaterThanOrEqual(WARN)
    expect(line).toMatchObject(facts)
  }
  expect(Object.values(notices).every((count) => count === 1)).toBe(true)
  notify({ ...facts, type: 'sweepFailed' })
  expect(lines).toHaveLength(types.length)
})
