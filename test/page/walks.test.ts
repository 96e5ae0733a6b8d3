import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openService, type Service } from '../http/service.ts'
import { accessible, hasChromium, openBrowser, type Browser } from './browser.ts'
import { HOSTILE, HOSTILE_SEEN } from './hostile.ts'

describe.skipIf(!hasChromium)('how one gets about in the page', () => {
  let browser: Browser
  let service: Service
  let refund: string
  let hello: string
  let hostile: string
  beforeAll(async () => {
    browser = await openBrowser('how one gets about')
    // The clock stands still, so that a limit by time would come to its end.
    service = await openService({ http: { rateLimit: { perSecond: 1_000, burst: 10_000 } } })
    refund = await service.run('please refund it')
    service.world.clock.advance(7_200_000)
    hostile = await service.run(`hello there ${HOSTILE}`)
    hello = await service.run('hello')
  }, 60_000)
  afterAll(async () => {
    await browser[Symbol.asyncDispose]()
    await service[Symbol.asyncDispose]()
  })

  test('finds pages, commands and runs by words, with the keyboard alone and with the mouse', async () => {
    const visit = await browser.visit(service.url)
    const { page } = visit
    await visit.open('/runs', hello)
    await page.keyboard.press('Control+k')
    const box = page.getByRole('combobox', { name: 'Page, run or command' })
    await box.waitFor()
    await accessible(visit)
    await page.keyboard.type('inbox')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Inbox' }).waitFor()
    await page.keyboard.press('Control+k')
    await page.keyboard.type(refund.slice(0, 12))
    await page.getByRole('option', { name: new RegExp(`^${refund} desk`) }).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowUp')
    await page.getByRole('option', { name: new RegExp(`^${refund} desk`) }).click()
    await page.getByText('A person has to decide').waitFor()
    await page.keyboard.press('Control+k')
    await page.keyboard.type('cancel the run')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').getByLabel('Reason').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('Control+k')
    await page.keyboard.type('script hit')
    await page.getByRole('option', { name: new RegExp(`^${hostile}`) }).waitFor()
    await page.keyboard.press('Escape')
    await box.waitFor({ state: 'detached' })
    await expect.poll(() => page.evaluate('window.hit')).toBeUndefined()
    expect(visit.complaints()).toEqual([])
  }, 60_000)

  test('keeps a search of the list under a name, as an address and no more', async () => {
    const visit = await browser.visit(service.url, { size: 'narrow' })
    const { page } = visit
    await visit.open('/runs?standing=approval&order=cost', refund)
    await page.getByText('☆ views').click()
    await page.getByLabel('Name of the view').fill('dear <b>approvals</b>')
    await page.getByLabel('Name of the view').press('Enter')
    await accessible(visit)
    await visit.open('/runs', hello)
    await page.getByText('☆ views').click()
    await page.getByRole('button', { name: 'dear <b>approvals</b>', exact: true }).click()
    await page.waitForURL('**/runs?standing=approval&order=cost')
    await page.getByText(hello).waitFor({ state: 'detached' })
    await page.getByText('☆ views').click()
    await page.getByRole('button', { name: 'Forget dear <b>approvals</b>' }).click()
    await page.keyboard.press('Escape')
    await expect.poll(() => page.getByLabel('Name of the view').isVisible()).toBe(false)
    await expect.poll(() => page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
    expect(visit.complaints()).toEqual([])
  }, 60_000)

  test('copies what is shown as a link, JSON, a command and Markdown', async () => {
    const visit = await browser.visit(service.url)
    const { page } = visit
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await visit.open(`/runs/${refund}?at=1`, '#1 MessageReceived')
    await page.locator('.transcript').getByText('please refund it').waitFor()
    const copied = async (letter: string, words: string): Promise<string> => {
      await page.keyboard.press('y')
      await page.keyboard.press(letter)
      await page.getByText(`Copied: ${words}`).waitFor()
      return page.evaluate<string>('navigator.clipboard.readText()')
    }
    expect(await copied('l', 'the link')).toBe(`${service.url}/runs/${refund}?at=1`)
    expect(JSON.parse(await copied('j', 'JSON'))).toMatchObject({ runId: refund, revision: 1, type: 'MessageReceived' })
    expect(await copied('s', 'the command')).toBe(`refold at ${refund} 1`)
    expect(await copied('m', 'Markdown')).toContain('**user** #1: please refund it')
    expect(visit.complaints()).toEqual([])
  }, 60_000)

  test('goes from run to run of the list, and makes of a run’s page what its reader wants', async () => {
    const visit = await browser.visit(service.url)
    const { page } = visit
    await visit.open(`/runs/${hello}`, /^#\d+ TurnCompleted/)
    await page.keyboard.press('J')
    await page.waitForURL(`**/runs/${hostile}`)
    await page.locator('.transcript').getByText(HOSTILE_SEEN).first().waitFor()
    await page.keyboard.press('J')
    await page.getByText('A person has to decide').waitFor()
    await page.keyboard.press('K')
    await page.waitForURL(`**/runs/${hostile}`)
    await visit.open(`/runs/${refund}?at=3`, '#3 ModelCallSucceeded')
    const open = page.locator('.detail [aria-expanded=true]')
    const before = await open.count()
    // A page that is still being filled opens what comes later.
    const closed = async (): Promise<number> => {
      await page.keyboard.press('[')
      return open.count()
    }
    await expect.poll(closed).toBe(0)
    await page.keyboard.press(']')
    await page.keyboard.press(']')
    await page.keyboard.press(']')
    await expect.poll(() => open.count()).toBeGreaterThanOrEqual(before)
    const line = page.getByRole('separator', { name: 'Width of column 1' })
    const width = Number(await line.getAttribute('aria-valuenow'))
    await line.focus()
    await page.keyboard.press('ArrowRight')
    await expect.poll(async () => Number(await line.getAttribute('aria-valuenow'))).toBe(width + 2)
    await expect.poll(() => new URL(page.url()).searchParams.get('at')).toBe('3')
    const place = (await line.boundingBox())!
    await page.mouse.move(place.x + 3, place.y + 100)
    await page.mouse.down()
    await page.mouse.move(place.x - 125, place.y + 100)
    await page.mouse.up()
    await page.reload()
    await expect.poll(async () => Number(await line.getAttribute('aria-valuenow'))).toBeLessThan(width)
    await page.locator('.refold-chart .active').first().waitFor()
    // Whether it is centred already when it is drawn is a matter of time: one press more or less.
    const fitted = async (): Promise<boolean> => {
      await page.keyboard.press('f')
      return page.url().includes('zoom=fit')
    }
    await expect.poll(fitted).toBe(true)
    await page.keyboard.press('f')
    await page.getByRole('button', { name: 'by step' }).click()
    const slider = page.getByRole('slider', { name: 'Event' })
    await expect.poll(() => slider.getAttribute('max')).toBe('10000')
    await page.keyboard.press('Home')
    await page.keyboard.press('ArrowRight')
    await page.getByRole('heading', { name: '#1 MessageReceived' }).waitFor()
    await slider.fill('10000')
    await page.getByRole('heading', { name: '#5 TimerScheduled' }).waitFor()
    await page.keyboard.press('Escape')
    await page.waitForURL('**/runs')
    expect(visit.complaints()).toEqual([])
  }, 60_000)

  test('shows Markdown by what it may be alone', async () => {
    const said = [
      '# Title\n\n**bold** `code`\n\n- one\n- two\n\n',
      '[good](https://example.com/a) [bad](javascript:window.hit=1) ![cat](https://evil.example/y.png)\n\n',
      '<img src=x onerror="window.hit=1">\n\n<script>window.hit = 1</script>\n\n',
      `${'>'.repeat(3_000)} deep\n\n[ref][x]\n\n[x]: javascript:window.hit=1\n\nover\u202Eturned`,
    ].join('')
    const run = await service.run(said)
    const visit = await browser.visit(service.url)
    const { page } = visit
    await visit.open(`/runs/${run}`, /^#\d+ TurnCompleted/)
    await page.getByLabel('Markdown').check()
    const shown = page.locator('.transcript .markdown').first()
    await shown.locator('strong', { hasText: 'bold' }).waitFor()
    await expect.poll(() => shown.locator('li').count()).toBe(2)
    const links = "[...document.querySelector('.transcript .markdown').querySelectorAll('a')].map((link) => link.getAttribute('href'))"
    await expect.poll(() => page.evaluate<readonly string[]>(links)).toEqual(['https://example.com/a'])
    for (const text of [
      '(example.com)',
      '(javascript:window.hit=1)',
      '[image: cat] https://evil.example/y.png',
      '<script>window.hit = 1</script>',
      'over\\u{202e}turned',
    ]) {
      await shown.getByText(text).first().waitFor()
    }
    await expect.poll(() => page.locator('#page img, #page script, #page style').count()).toBe(0)
    await expect.poll(() => page.evaluate('window.hit')).toBeUndefined()
    await accessible(visit)
    expect(visit.complaints()).toEqual([])
  }, 60_000)
})
