import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openService } from '../http/service.ts'
import { hasChromium, openBrowser, type Browser } from './browser.ts'

const folder = resolve(import.meta.dirname, '../../docs/images')
/** Set, the pictures of docs/debugger.md are taken anew. */
const ANEW = process.env['REFOLD_PICTURES'] !== undefined

const SQL = `select run_id, waits_for, messages, model_calls + tool_calls as calls
from refold_runs
order by calls desc`

describe.skipIf(!hasChromium || !ANEW)('the pictures of the page', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser('pictures')
  }, 60_000)
  afterAll(() => browser[Symbol.asyncDispose]())

  test('are taken of runs as they are', async () => {
    await using service = await openService()
    const begun = { body: { agent: 'desk', message: 'please refund it', runId: 'kettle-18' } }
    await service.ask('POST /v1/runs', begun)
    await service.settle('kettle-18')
    service.world.clock.advance(42_000)
    for (const message of ['Where is my parcel?', 'call a human', 'hello']) {
      await service.run(message)
      service.world.clock.advance(7_000)
    }
    const visit = await browser.visit(service.url)
    const { page } = visit
    await page.clock.setFixedTime(service.world.clock.now())
    const take = (name: string) => page.screenshot({ path: resolve(folder, `debugger-${name}.png`) })
    await visit.open('/runs?peek=kettle-18', 'A person has to decide')
    await page.getByRole('complementary').getByText('refund_order').first().waitFor()
    await take('runs')
    await visit.open('/runs/kettle-18', 'A person has to decide')
    await page.getByText('untilApprovalExpires').first().waitFor()
    await page.getByText('please refund it').nth(1).waitFor()
    await page.locator('.refold-chart .active').first().waitFor()
    await take('run')
    await visit.open('/inbox', 'May this be done?')
    await take('inbox')
    const fork = await service.world.refold
      .run('kettle-18')
      .fork({ at: 1, by: 'ann', runId: 'kettle-18-otherwise', message: 'call a human' })
    await service.settle(fork.id)
    await visit.open(`/runs/${fork.id}`, 'Compare with its origin')
    await page.getByText('live', { exact: true }).first().waitFor()
    await page.locator('.refold-chart .active').first().waitFor()
    await take('fork')
    await visit.open(`/diff?a=kettle-18&b=${fork.id}`, 'they part at')
    await page.locator('.paths .figure').first().waitFor()
    await take('diff')
    await visit.open(`/analytics/sql#${new URLSearchParams({ q: SQL }).toString()}`, /rows in /)
    await page.getByRole('cell', { name: 'approval' }).first().waitFor()
    await take('sql')
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Page, run or command' }).fill('kettle')
    await page.getByRole('option', { name: /^kettle-18 desk/ }).waitFor()
    await take('palette')
    expect(visit.complaints()).toEqual([])
  }, 60_000)
})
