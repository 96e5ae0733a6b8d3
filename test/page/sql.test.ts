import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keyFor, openService, type Service } from '../http/service.ts'
import { accessible, hasChromium, openBrowser, type Browser } from './browser.ts'
import { HOSTILE, HOSTILE_SEEN } from './hostile.ts'

const ENDLESS = 'with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n'

describe.skipIf(!hasChromium)('SQL in the page', () => {
  let browser: Browser
  let service: Service
  let run: string
  beforeAll(async () => {
    browser = await openBrowser('SQL in the page')
    // The clock stands still, so that a limit by time would come to its end.
    service = await openService({ http: { rateLimit: { perSecond: 1_000, burst: 10_000 } } })
    run = await service.run('please refund it')
    await service.run(`hello ${HOSTILE}`)
  }, 60_000)
  afterAll(async () => {
    await browser[Symbol.asyncDispose]()
    await service[Symbol.asyncDispose]()
  })

  test('is written, asked by key, and answered with links to runs; the text is behind # and survives a reload', async () => {
    const asked: string[] = []
    const visit = await browser.visit(service.url)
    const { page } = visit
    page.on('request', (request) => asked.push(request.url()))
    await visit.open('/analytics/sql', 'refold_runs')
    const field = page.getByLabel('Statement in SQL')
    await field.fill('select run_id, waits_for, messages from refold_runs where waits_for = $1')
    await field.press('Control+Enter')
    await expect.poll(() => page.evaluate('document.activeElement.name')).toBe('1')
    await page.keyboard.type('approval')
    await page.keyboard.press('Enter')
    await page.getByText(/^1 row in /).waitFor()
    expect(asked.filter((url) => url.includes('waits_for'))).toEqual([])
    await expect.poll(() => new URLSearchParams(new URL(page.url()).hash.slice(1)).get('1')).toBe('approval')
    await accessible(visit)
    await page.reload()
    await page.getByText(/^1 row in /).waitFor()
    await page.getByRole('button', { name: 'Row 1, whole' }).click()
    await page.getByRole('region', { name: 'Row 1' }).getByText('approval').waitFor()
    await page.getByRole('cell').getByRole('link', { name: run }).click()
    await page.getByText('A person has to decide').waitFor()
    await page.goBack()
    await page.getByText(/^1 row in /).waitFor()
    expect(visit.complaints()).toEqual([])
  }, 60_000)

  test('has queries that are built in, of the project and of its own, and the tables with their columns', async () => {
    const visit = await browser.visit(service.url)
    const { page } = visit
    await visit.open('/analytics/sql', 'built in')
    await page.getByRole('button', { name: 'longest-waits' }).click()
    await page.getByText(/^1 row in /).waitFor()
    await page.getByRole('button', { name: 'runs-of' }).click()
    await page.getByLabel('$1').fill('desk')
    await page.getByRole('button', { name: 'Ask' }).click()
    await page.getByText(/^2 rows in /).waitFor()
    await page.getByLabel('Name of the query').fill('all of them')
    await page.getByLabel('Name of the query').press('Enter')
    await page.reload()
    await page.getByRole('button', { name: 'all of them', exact: true }).waitFor()
    await page.getByRole('button', { name: 'Forget all of them' }).click()
    await page.getByRole('button', { name: 'all of them', exact: true }).waitFor({ state: 'detached' })
    await page.getByText('refold_tool_calls', { exact: true }).first().click()
    const field = page.getByLabel('Statement in SQL')
    await field.fill('select  from refold_tool_calls')
    await field.press('Home')
    for (let step = 0; step < 7; step++) await field.press('ArrowRight')
    await page.getByRole('button', { name: 'Insert tool', exact: true }).click()
    await expect.poll(() => field.inputValue()).toBe('select tool from refold_tool_calls')
    await field.press('Control+Enter')
    await page.getByRole('cell', { name: 'refund_order' }).waitFor()
    expect(visit.complaints()).toEqual([])
  }, 60_000)

  test('says at the field what is wrong, ends what takes too long, and lets a query be cancelled', async () => {
    const visit = await browser.visit(service.url)
    const { page } = visit
    visit.allow(/400|422/)
    await visit.open('/analytics/sql', 'built in')
    const field = page.getByLabel('Statement in SQL')
    await field.fill('select nothing from refold_runs')
    await field.press('Control+Enter')
    await page.getByRole('alert').getByText('nothing').waitFor()
    await expect.poll(() => field.getAttribute('aria-invalid')).toBe('true')
    await accessible(visit)
    await field.fill(ENDLESS)
    await field.press('Control+Enter')
    await page.getByRole('alert').getByText('QueryTooLong').waitFor()
    await page.getByLabel('ends after').selectOption('5.0 s')
    await page.getByRole('button', { name: 'Ask' }).click()
    await page.getByRole('button', { name: 'Asking …' }).waitFor()
    await field.press('Escape')
    await page.getByRole('button', { name: 'Ask', exact: true }).waitFor()
    await field.fill('select 1 as one')
    await field.press('Control+Enter')
    await page.getByText(/^1 row in /).waitFor()
    expect(visit.complaints()).toEqual([])
  }, 60_000)

  test('draws a first chart, keeps ten thousand rows in a window, and gives them all as CSV that computes nothing', async () => {
    const visit = await browser.visit(service.url)
    const { page } = visit
    const many =
      "with recursive n(i) as (select 1 union all select i + 1 from n where i < 12000) select '=cmd' || i as name, i as size from n"
    await visit.open(`/analytics/sql#${new URLSearchParams({ q: many }).toString()}`, '10,000 rows, the first of more')
    await expect.poll(() => page.getByRole('row').count()).toBeLessThan(100)
    await page.getByRole('table', { name: 'Result' }).focus()
    await page.keyboard.press('End')
    await page.getByRole('cell', { name: '=cmd10000' }).waitFor()
    const downloading = page.waitForEvent('download')
    await page.getByRole('button', { name: 'CSV' }).click()
    const download = await downloading
    expect(download.suggestedFilename()).toBe('refold-sql.csv')
    const csv = (await readFile(await download.path(), 'utf8')).split('\r\n')
    expect([csv[0], csv[1], csv.length]).toEqual(['name,size', "'=cmd1,1", 10_002])
    const days =
      "select '2026-11-2' || i as day, 'model ' || (i % 2) as model, i as cost from (select 1 as i union select 2 union select 3 union select 4)"
    await page.getByLabel('Statement in SQL').fill(days)
    await page.getByRole('button', { name: 'Ask' }).click()
    await page.getByRole('img', { name: 'cost over time' }).waitFor()
    await accessible(visit)
    expect(visit.complaints()).toEqual([])
  }, 60_000)

  test('fits a narrow screen, and shows what others have said as text', async () => {
    const visit = await browser.visit(service.url, { size: 'narrow' })
    const { page } = visit
    const hostile = `select text, text as "<img src=x onerror=hit>", 1 as "__proto__", printf('%.1000000c', 'x') as long from refold_messages where text like 'hello%'`
    await visit.open(`/analytics/sql#${new URLSearchParams({ q: hostile, ms: '5000' }).toString()}`, HOSTILE_SEEN)
    await page.getByRole('button', { name: 'Row 1, whole' }).click()
    await page
      .getByRole('region', { name: 'Row 1' })
      .getByText(/characters are not shown/)
      .waitFor()
    await page.getByText('Queries and tables').click()
    await page.getByRole('button', { name: 'agent-costs' }).waitFor()
    await accessible(visit)
    await expect.poll(() => page.evaluate('window.hit')).toBeUndefined()
    await expect.poll(() => page.locator('#page img, #page script, #page iframe, #page style').count()).toBe(0)
    await expect.poll(() => page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
    expect(visit.complaints()).toEqual([])
  }, 60_000)

  test('is refused in words to a key that may not', async () => {
    const reader = keyFor('acme', 'read')
    await using guarded = await openService({ http: { keys: [reader.configured] } })
    const visit = await browser.visit(guarded.url)
    const { page } = visit
    visit.allow(/40[13]/)
    await visit.open('/', 'Sign in')
    await page.getByLabel('API key').fill(reader.key)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('acme.read').waitFor()
    await expect.poll(() => page.getByRole('link', { name: 'SQL' }).count()).toBe(0)
    await visit.open('/analytics/sql', 'ScopeMissing')
    expect(visit.complaints()).toEqual([])
  }, 60_000)
})
