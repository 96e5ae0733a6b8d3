import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pathPart } from '../../page/address/path-part.ts'
import { deskAgent, keyFor, openService } from '../http/service.ts'
import { xmlFault } from '../unit/pictures/well-formed.ts'
import { accessible, hasChromium, openBrowser, savedBy, type Browser } from './browser.ts'
import { HOSTILE, hostileAgent, hostilePaths, hostileRuns } from './hostile.ts'

const STEERS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/u

/** Goes there without loading the page anew, and says what is wrong with it once what it asks for is there. */
const wrongAt = (page: Page, path: string): Promise<readonly string[]> =>
  page.evaluate<readonly string[]>(`(async () => {
    history.pushState(null, '', ${JSON.stringify(path)})
    dispatchEvent(new PopStateEvent('popstate'))
    const text = () => document.querySelector('#main')?.textContent ?? 'Loading …'
    const drawn = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
    let left = 800
    const settled = async () => {
      await drawn()
      for (; left > 0 && /Loading …|events by now/.test(text()); left--) await new Promise((done) => setTimeout(done, 50))
    }
    // What has come may ask for more.
    for (let times = 0; times < 3; times++) await settled()
    const wide = [...document.querySelectorAll('html, main, main > *')].find((each) => each.scrollWidth > innerWidth)
    return [
      ...(wide === undefined ? [] : [wide.tagName + '.' + wide.className + ' is ' + wide.scrollWidth + ' px wide']),
      ...(left === 0 ? ['it goes on loading'] : []),
      ...(/has failed/.exec(text()) ?? []),
      ...(document.querySelector('#page :is(img, script, iframe, style, [href^="javascript:"])') === null ? [] : ['markup']),
      ...(window.hit === undefined ? [] : ['a script']),
    ].map((what) => location.href.slice(0, 200) + ': ' + what)
  })()`)

describe.skipIf(!hasChromium)('the page', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser('the page under hardships')
  }, 60_000)
  afterAll(() => browser[Symbol.asyncDispose]())

  test('shows what others have said as text, whatever it is, on every page and in every field', async () => {
    await using service = await openService({ agents: [deskAgent, hostileAgent], http: { rateLimit: { perSecond: 1_000, burst: 10_000 } } })
    const ids = await hostileRuns(service)
    const run = await service.run(`please refund it ${HOSTILE}`)
    const odd = await service.served.start(hostileAgent, { runId: 'odd', message: HOSTILE, tags: { who: HOSTILE.slice(0, 99) } })
    await service.settle(odd.id)
    const visit = await browser.visit(service.url, { size: 'narrow' })
    const { page } = visit
    visit.allow(/status of 4\d\d/)
    const { body } = await service.ask<{ rows: { agent: string; agentVersion: string }[] }>('GET /v1/views/versions?limit=1000')
    const agents = body.rows.map(({ agent, agentVersion }) => `${agent}@${agentVersion}`)
    const wrong: string[] = []
    await visit.open('/runs', 'odd')
    for (const path of hostilePaths([...ids, run, 'odd'], agents)) wrong.push(...(await wrongAt(page, path)))
    expect(wrong).toEqual([])
    await visit.open(`/charts/${pathPart(hostileAgent.id)}?since=`, 'ways were taken')
    const [svg, mermaid, csv] = [await savedBy(page, 'SVG'), await savedBy(page, 'Mermaid'), await savedBy(page, 'CSV')]
    expect(xmlFault(svg)).toBeNull()
    for (const text of [svg, mermaid, csv.replaceAll('\r\n', '\n')]) expect(text).not.toMatch(STEERS)
    for (const text of [svg, mermaid]) expect(text).not.toMatch(/<(script|img|style)\b|\shref=/i)
    await visit.open('/analytics?by=version&since=1', 'Turns that are answered')
    expect(await savedBy(page, 'Tokens as CSV')).not.toMatch(/(^|,)"?[=+@\t-]|[\u0000-\u0008\u001b\u202e]/m)
    await visit.open(`/runs/${run}?at=1&pane=transcript`, 'over\\u{202e}turned zero\\u{200b}width half')
    expect(visit.complaints()).toEqual([])
  }, 180_000)

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
    await expect.poll(() => page.getByText(run).count()).toBe(1)
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
    await expect.poll(() => page.getByRole('button', { name: 'Grant …' }).count()).toBe(0)
    await expect
      .poll(() => page.evaluate<string>('JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie'))
      .not.toContain(reader.key)
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
