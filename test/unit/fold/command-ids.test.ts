import { expect, test } from 'vitest'
import type { RunEvent } from '../../../src/events/envelope.ts'
import { MOST_COMMANDS, commandIdsAfter } from '../../../src/fold/record-event.ts'

const granted = (commandId: string): Pick<RunEvent, 'meta'> => ({ meta: { commandId, commandHash: 'h' } as RunEvent['meta'] })

test('a run remembers its newest 10,000 command ids at least, and never many more', () => {
  let commands: ReadonlyMap<string, string> = new Map()
  for (let count = 0; count < 3 * MOST_COMMANDS; count++) {
    commands = commandIdsAfter(commands, granted(`c-${count}`))
    expect(commands.size).toBeLessThan(MOST_COMMANDS * 1.1)
  }
  for (let count = 2 * MOST_COMMANDS; count < 3 * MOST_COMMANDS; count++) expect(commands.has(`c-${count}`)).toBe(true)
  expect(commands.has('c-0')).toBe(false)
})
