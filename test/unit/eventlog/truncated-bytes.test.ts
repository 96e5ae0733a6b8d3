import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { sqliteEventLog } from '../../../src/eventlog/sqlite/sqlite-event-log.ts'

test('what is truncated is in none of the files of an embedded log', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'refold-truncated-'))
  const path = join(folder, 'log.db')
  const log = sqliteEventLog({ path, clock: systemClock })
  const event = (id: number, data: string) => ({ id: `00000000-0000-4000-8000-00000000000${id}`, type: 'Said', data, meta: '{}' })
  await log.append('a-1', 'no-stream', [event(0, '"my card is 4111"'), event(1, `"${'4111 '.repeat(50_000)}"`), event(2, '"kept"')])
  await log.append('b-1', 'no-stream', [event(3, '"other"')])
  await log.truncateStream('a-1', 2)
  const bytes = (): string =>
    readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'latin1'))
      .join('')
  expect(bytes()).not.toContain('4111')
  expect(bytes()).toContain('kept')
  await log.close()
  const again = sqliteEventLog({ path, clock: systemClock })
  const all = []
  for await (const { stream, revision } of again.readAll()) all.push([stream, revision])
  expect(all).toEqual([
    ['a-1', 2],
    ['b-1', 0],
  ])
  await again.append('a-1', 2, [event(4, '"more"')])
  await again.close()
  rmSync(folder, { recursive: true })
})
