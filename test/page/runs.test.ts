import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openService } from '../http/service.ts'
import { accessible, hasChromium, openBrowser, type Browser } from './browser.ts'

describe.skipIf(!hasChromium)('the list of runs', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser('the list of runs')
  }, 60_000)
  afterAll(() => browser[Symbol.asyncDispose]())

  test('shows what runs, filters it, and keeps all of that in the address', async () => {
    await using service = await openService()
    const refund = await service.run('please refund it')
    const hello = await service.run('hello there')
    const visit = await browser.visit(service.url)
    const { page } = visit
    await visit.open('/', hello)
    await page.getByRole('link', { name: /^approval 1$/ }).click()
    await page.getByText(hello).waitFor({ state: 'detached' })
    await expect.poll(() => new URL(page.url()).search).toBe('?standing=approval')
    await page.getByText('refund_order {"id":"18"}').first().waitFor()
    await page.goBack()
    await page.getByText(hello).waitFor()
    await page.getByLabel('Search runs').fill('hello')
    await page.getByText(refund).waitFor({ state: 'detached' })
    await expect.poll(() => new URL(page.url()).search).toBe('?q=hello')
    await page.reload()
    await page.getByText(hello).waitFor()
    await expect.poll(() => page.getByText(refund).count()).toBe(0)
    await page.getByLabel('Search runs').fill('nothing has this')
    await page.getByText('No run fits').waitFor()
    await page.getByRole('link', { name: /^q: nothing/ }).click()
    await page.getByText(refund).waitFor()
    expect(visit.complaints()).toEqual([])
  }, 60_000)

  test('walks through them by key, with one of them beside the list', async () => {
    await using service = await openService()
    const first = await service.run('hello')
    const second = await service.run('please refund it')
    const visit = await browser.visit(service.url)
    const { page } = visit
    await visit.open('/runs', first)
    await page.keyboard.press('j')
    await page.getByRole('complementary').getByText('A person has to decide').waitFor()
    await expect.poll(() => new URL(page.url()).searchParams.get('peek')).toBe(second)
    await accessible(visit)
    await page.keyboard.press('j')
    await page.getByRole('heading', { name: first }).waitFor()
    await page.keyboard.press('Enter')
    await page.waitForURL(`**/runs/${first}`)
    expect(visit.complaints()).toEqual([])
  }, 60_000)

  test('shows what begins while somebody looks', async () => {
    await using service = await openService()
    const visit = await browser.visit(service.url, { size: 'narrow' })
    const { page } = visit
    await visit.open('/runs', 'There is no run yet')
    const header = await page.getByRole('banner').boundingBox()
    const search = await page.getByLabel('Search runs').boundingBox()
    expect((header?.y ?? 0) + (header?.height ?? 0)).toBeLessThanOrEqual(search?.y ?? 0)
    await accessible(visit)
    const run = await service.run('hello')
    await expect
      .poll(
        async () => {
          service.world.clock.advance(1_000)
          return page.getByText(run).count()
        },
        { timeout: 30_000 },
      )
      .toBe(1)
    await accessible(visit)
    expect(visit.complaints()).toEqual([])
  }, 60_000)
})
