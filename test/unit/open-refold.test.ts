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
})
