import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keyFor, openService } from '../http/service.ts'
import { accessible, hasChromium, openBrowser, type Browser } from './browser.ts'
import { HOSTILE, HOSTILE_SEEN } from './hostile.ts'

describe.skipIf(!hasChromium)('the page', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser('the page under hardships')
  }, 60_000)
  afterAll(() => browser[Symbol.asyncDispose]())

  test('shows what others have said as text, whatever it is', async () => {
    await using service = await openService()
    const run = await service.run(`please refund it ${HOSTILE}`)
    const visit = await browser.visit(service.url)
    const { page } = visit
    for (const path of [`/runs?peek=${run}`, `/runs/${run}`, `/runs/${run}?at=1`, '/inbox']) {
      await visit.open(path, HOSTILE_SEEN)
      expect(await page.evaluate('window.hit')).toBeUndefined()
    }
    await visit.open(`/runs/${run}?at=1`, 'over\\u{202e}turned zero\\u{200b}width half')
    expect(await page.locator('#page img, #page script, #page iframe, #page style').count()).toBe(0)
    await visit.open(`/runs/${encodeURIComponent('<b>none</b>')}`, '<b>none</b>')
    visit.allow(/404/)
    expect(visit.complaints()).toEqual([])
  }, 60_000)

  test('says that the server is away, and shows what is true once it is back, be it another log', async () => {
    const first = await openService()
    const run = await first.run('hello')
    const visit = await browser.visit(first.url)
    const { page } = visit
    visit.allow(/ERR_|Failed to load/)
    await visit.open('/runs', run)
    const port = Number(new URL(first.url).port)
    await first[Symbol.asyncDispose]()
    await page.getByText('Offline since').waitFor()
    expect(await page.getByText(run).count()).toBe(1)
    await using second = await openService({ port })
    await page.getByRole('button', { name: 'Try now' }).click()
    await page.getByText('Offline since').waitFor({ state: 'detached' })
    await page.getByText('There is no run yet').waitFor()
    expect(second.url).toBe(first.url)
    expect(visit.complaints()).toEqual([])
  }, 60_000)

  test('says what a list may lack while the service takes in what was stored, and shows it once it is there', async () => {
    await using service = await openService()
    const run = await service.run('hello')
    const visit = await browser.visit(service.url)
    const { page } = visit
    let isBehind = true
    await page.route(/\/v1\/(runs\?|views\/transcript)/, async (route) => {
      const response = await route.fetch()
      const { runs, rows, ...rest } = (await response.json()) as Record<string, readonly unknown[]>
      const known = { ...(runs && { runs: [] }), ...(rows && { rows: [] }), ...rest, behind: { since: 1_000 } }
      await route.fulfill({ response, ...(isBehind && { json: known }) })
    })
    for (const path of ['/runs', `/runs/${run}`]) {
      isBehind = true
      await visit.open(path, /What was stored since .* may be missing/)
      isBehind = false
      await page.getByText('may be missing').waitFor({ state: 'detached' })
      await page.getByText('hello').first().waitFor()
    }
    expect(visit.complaints()).toEqual([])
  }, 60_000)

  test('takes a key once, keeps it nowhere, and offers what the key may do', async () => {
    const reader = keyFor('acme', 'read')
    const all = keyFor('acme')
    await using service = await openService({ http: { keys: [reader.configured, all.configured] } })
    const run = await service.run('please refund it', { key: all.key })
    const visit = await browser.visit(service.url)
    const { page } = visit
    visit.allow(/401/)
    await visit.open(`/runs/${run}`, 'Sign in')
    await accessible(visit)
    await page.getByLabel('API key').fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('Key unknown').waitFor()
    await page.getByLabel('API key').fill(reader.key)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('A person has to decide').waitFor()
    await page.getByText('acme.read').waitFor()
    expect(await page.getByRole('button', { name: 'Grant …' }).count()).toBe(0)
    expect(await page.evaluate<string>('JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie')).not.toContain(
      reader.key,
    )
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('API key').fill(all.key)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: 'Grant …' }).waitFor()
    expect(visit.complaints()).toEqual([])
  }, 60_000)

  test('shows the same moment in the time of its reader', async () => {
    await using service = await openService()
    const run = await service.run('hello')
    for (const [timezoneId, hour] of [
      ['UTC', 22],
      ['Asia/Kolkata', 3],
    ] as const) {
      const visit = await browser.visit(service.url, { timezoneId })
      await visit.open(`/runs/${run}`, 'hello')
      const told = await visit.page.locator('.detail time').first().getAttribute('title')
      expect(Number(told?.split(' ')[1]?.split(':')[0]), `${timezoneId}: ${told}`).toBe(hour)
    }
  }, 60_000)
})
