import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answer, defineAgent, openRefold, scriptedModel, type OpenRefold } from 'refold'

describe('a program that asks a view', () => {
  const dir = mkdtempSync(join(tmpdir(), 'refold-open-'))
  const clerk = defineAgent({ name: 'clerk', version: '1', instructions: 'Help.', models: ['scripted/one'] })
  let refold: OpenRefold
  beforeAll(async () => {
    refold = await openRefold({ dir, agents: [clerk], models: { scripted: scriptedModel(() => answer('Hello.')) } })
    for (const runId of ['one', 'two']) await (await refold.start(clerk, { runId, message: 'Hi' })).untilSettled()
  })
  afterAll(async () => {
    await refold.close()
    rmSync(dir, { recursive: true })
  })

  test('sees what was recorded until then', async () => {
    const page = await refold.query('runs')
    expect(page.rows.map(({ run_id }) => run_id)).toEqual(['two', 'one'])
    expect(page).toMatchObject({ next: null, behind: undefined })
  })

  test('may narrow it, and go on behind a page', async () => {
    const first = await refold.query('runs', { limit: 1, agent: 'clerk', tenant: undefined })
    expect(first.rows).toHaveLength(1)
    const second = await refold.query('runs', { limit: 1, cursor: first.next ?? '' })
    expect([...first.rows, ...second.rows].map(({ run_id }) => run_id)).toEqual(['two', 'one'])
    expect((await refold.query('runs', { agent: 'nobody' })).rows).toEqual([])
  })

  test.each([[{ limit: 0 }], [{ status: 'odd' }], [{ since: 1.5 }], [{ waitingMs: 1 }]])('is refused the filter %j', async (filter) => {
    await expect(refold.query('runs', filter)).rejects.toMatchObject({ code: 'InvalidInput' })
  })

  test.each([['__proto__'], ['constructor'], [''], [null], [undefined], [5], [{}], [Symbol('runs')], ['x'.repeat(1024 * 1024)]])(
    'is told the views where it asks for another (%#)',
    async (view) => {
      const error: unknown = await refold.query(view as never).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({
        code: 'InvalidInput',
        message: expect.stringMatching(/^Expected one of the views runs, .*found /) as string,
      })
      expect((error as Error).message.length).toBeLessThan(1_000)
    },
  )

  const boom = (): never => {
    throw new Error('looked at')
  }
  test.each<[string, unknown]>([
    ['null', null],
    ['a number', 5],
    ['a text', 'clerk'],
    ['a list', []],
    ['a date', new Date()],
    ['a map', new Map()],
    ['an object with a getter that throws', Object.defineProperty({}, 'agent', { get: boom, enumerable: true })],
    ['a proxy that throws', new Proxy({}, { ownKeys: boom })],
    ['a proxy that throws when asked what it is', new Proxy({}, { getPrototypeOf: boom })],
    ['a part that is no filter, of a MiB', { ['x'.repeat(1024 * 1024)]: 1 }],
    ['a status of a MiB', { status: 'x'.repeat(1024 * 1024) }],
    ['a limit that is a function', { limit: () => 1 }],
  ])('is refused a filter that is %s', async (_, filter) => {
    const error: unknown = await refold.query('runs', filter as never).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'InvalidInput' })
    expect((error as Error).message.length).toBeLessThan(2_000)
  })

  test.each([
    [null],
    [5],
    [{}],
    [{ by: 5 }],
    [{ by: '' }],
    [{ by: '\ud800' }],
    [{ by: 'ann', dryRun: 'no' }],
    [{ by: 'ann', reason: 5 }],
    [{ by: 'ann', tenant: 'acme\0' }],
    [{ by: 'ann', limits: null }],
    [{ by: 'ann', limit: '5' }],
    [{ by: 'ann', cursor: 5 }],
    [{ by: 'ann', everything: true }],
  ])('gives no runs back with %j', async (wanted) => {
    await expect(refold.giveBackRuns(wanted as never)).rejects.toMatchObject({ code: 'InvalidInput' })
  })
})
