import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { sqliteEventLog } from '../../src/eventlog/sqlite/sqlite-event-log.ts'
import { backlog, collect, idsOf, newEvent, rejection, revisionsOf } from '../conformance/event-log-cases.ts'

const folder = mkdtempSync(join(tmpdir(), 'refold-full-'))

const run = (program: string, ...parameters: string[]): void => {
  execFileSync(program, parameters, { stdio: 'ignore' })
}

const mountSmallDisk = (): boolean => {
  try {
    run('mount', '-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder)
    return true
  } catch {
    return false
  }
}

const isMounted = mountSmallDisk()

describe('the event log on a disk that is full', () => {
  afterAll(() => {
    if (isMounted) run('umount', folder)
    rmSync(folder, { recursive: true })
  })

  test.skipIf(!isMounted)(
    'refuses appends, keeps what it acknowledged, and works again once there is space (skipped where no tmpfs can be mounted)',
    async () => {
      const ballast = join(folder, 'ballast')
      writeFileSync(ballast, Buffer.alloc(1_500_000))
      const log = sqliteEventLog({ path: join(folder, 'log.db'), clock: systemClock })
      const acknowledged: string[] = []
      const big = (): ReturnType<typeof newEvent> => newEvent({ text: 'x'.repeat(20_000) })

      const appendTwo = async (round: number): Promise<boolean> => {
        const results = await Promise.allSettled(
          ['a', 'b'].map(async (name) => {
            const events = [big(), big()]
            await log.append(`${name}-${round}`, 'no-stream', events)
            acknowledged.push(...idsOf(events))
          }),
        )
        const failures = results.filter((result) => result.status === 'rejected')
        for (const failure of failures) expect(failure.reason).toMatchObject({ code: 'EventLogUnavailable', retryable: true })
        return failures.length > 0
      }
      let round = 0
      while (!(await appendTwo(round))) round += 1
      expect(round).toBeGreaterThan(5)

      const refused = [big(), big(), big()]
      const { details } = await rejection(log.append('later', 'no-stream', refused), 'EventLogUnavailable')
      expect(details).toMatchObject({ path: join(folder, 'log.db'), sqliteCode: 13 })
      expect(new Set(idsOf(await collect(log.readAll())))).toEqual(new Set(acknowledged))

      rmSync(ballast)
      expect(await log.append('later', 'no-stream', refused)).toMatchObject({ revision: 2 })
      await log.close()
      const again = sqliteEventLog({ path: join(folder, 'log.db'), clock: systemClock })
      expect(new Set(idsOf(await backlog(again, {})))).toEqual(new Set([...acknowledged, ...idsOf(refused)]))
      expect(revisionsOf(await collect(again.readStream('later')))).toEqual([0, 1, 2])
      await again.close()
    },
  )
})
