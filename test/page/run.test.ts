import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openService } from '../http/service.ts'
import { accessible, hasChromium, openBrowser, type Browser } from './browser.ts'

describe.skipIf(!hasChromium)('a run', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser('a run')
  }, 60_000)
  afterAll(() => browser[Symbol.asyncDispose]())

  test('is shown at one cursor, which the address holds and keys move', async () => {
    await using service = await openService()
    const run = await service.run('please refund it')
    const visit = await browser.visit(service.url)
    const { page } = visit
    await visit.open(`/runs/${run}`, 'A person has to decide')
    const slider = page.getByRole('slider', { name: 'Event' })
    expect(await slider.getAttribute('aria-valuetext')).toMatch(/^5 of 5, TimerScheduled, acting/)
    await page.getByRole('heading', { name: '#5 TimerScheduled' }).waitFor()
    await page.getByText('awaitingApproval', { exact: true }).first().waitFor()
    await page.keyboard.press('ArrowLeft')
    await page.getByRole('heading', { name: '#4 ApprovalRequested' }).waitFor()
    expect(new URL(page.url()).searchParams.get('at')).toBe('4')
    await page.keyboard.press('Home')
    await page.getByRole('heading', { name: '#0 RunStarted' }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: '#0 RunStarted' }).waitFor()
    await page.keyboard.press('n')
    await page.getByRole('heading', { name: '#4 ApprovalRequested' }).waitFor()
    await page.keyboard.press('c')
    await page.getByRole('heading', { name: '#3 ModelCallSucceeded' }).waitFor()
    await page.keyboard.press('End')
    await page.getByRole('heading', { name: '#5 TimerScheduled' }).waitFor()
    expect(new URL(page.url()).searchParams.get('at')).toBeNull()
    const chart = page.getByRole('img', { name: /Statechart agent-run/ })
    await chart.locator('.state.active', { hasText: 'acting' }).last().waitFor()
    expect(await chart.locator('.edge.taken').count()).toBe(0)
    await page.keyboard.press('Home')
    await page.keyboard.press('ArrowRight')
    await page.getByRole('heading', { name: '#1 MessageReceived' }).waitFor()
    await chart.locator('.state.active', { hasText: 'callingModel' }).last().waitFor()
    expect(await chart.locator('.edge.taken').count()).toBeGreaterThan(0)
    await page.getByRole('button', { name: /^3\.0 refund_order/ }).waitFor({ state: 'detached' })
    await page.keyboard.press('End')
    await page.getByRole('button', { name: /^3\.0 refund_order/ }).click()
    await page
      .getByRole('img', { name: /Statechart tool-call/ })
      .locator('.state.active', { hasText: 'awaitingApproval' })
      .waitFor()
    await accessible(visit)
    expect(visit.complaints()).toEqual([])
  }, 60_000)

  test('has an address that is written when the slider rests, whatever way it has gone', async () => {
    await using service = await openService()
    const run = await service.run('please refund it')
    const visit = await browser.visit(service.url)
    const { page } = visit
    await visit.open(`/runs/${run}`, 'A person has to decide')
    await page.evaluate(`
      window.written = []
      const replace = history.replaceState.bind(history)
      history.replaceState = (...given) => { window.written.push(given[2]); replace(...given) }
      const slider = document.querySelector('.slider input')
      for (let turn = 0; turn < 300; turn++) {
        slider.value = turn % 5
        slider.dispatchEvent(new Event('input', { bubbles: true }))
      }`)
    await page.getByRole('heading', { name: '#4 ApprovalRequested' }).waitFor()
    await expect.poll(() => new URL(page.url()).searchParams.get('at')).toBe('4')
    expect(await page.evaluate('window.written')).toEqual([`/runs/${run}?at=0`, `/runs/${run}?at=4`])
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('ArrowLeft')
    await page.getByRole('link', { name: 'Inbox' }).click()
    await page.getByRole('heading', { name: 'Inbox' }).waitFor()
    await page.goBack()
    await page.getByRole('heading', { name: '#2 ModelCallRequested' }).waitFor()
    expect(visit.complaints()).toEqual([])
  }, 60_000)

  test('grows while the cursor stays in the past, and is decided on with what exactly will be done', async () => {
    await using service = await openService()
    const run = await service.run('please refund it')
    const visit = await browser.visit(service.url)
    const { page } = visit
    await visit.open(`/runs/${run}?at=2`, '#2 ModelCallRequested')
    await page.getByText('A person has to decide').waitFor()
    await page.getByRole('button', { name: 'Grant …' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('refund_order').waitFor()
    await dialog.getByText('digest').waitFor()
    await accessible(visit)
    await dialog.getByRole('button', { name: 'Grant', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    await service.settle(run)
    await page.getByRole('button', { name: /[5-9] newer$/ }).waitFor()
    expect(new URL(page.url()).searchParams.get('at')).toBe('2')
    await page.keyboard.press('l')
    await page.getByText('The tool said: refunded 18').first().waitFor()
    expect((await service.ask(`GET /v1/runs/${run}`)).body).toMatchObject({ waitsFor: 'message' })
    expect(visit.complaints()).toEqual([])
  }, 60_000)

  test('fits a narrow screen, one pane at a time', async () => {
    await using service = await openService()
    const run = await service.run('please refund it')
    const visit = await browser.visit(service.url, { size: 'narrow' })
    const { page } = visit
    await visit.open(`/runs/${run}?pane=transcript`, 'please refund it')
    await accessible(visit)
    for (const name of ['Chart', 'Tool calls', 'Timeline', 'Event', 'Budgets', 'Open work']) {
      await page.getByRole('button', { name, exact: true }).click()
      await page.getByRole('region', { name }).waitFor()
    }
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
    expect(visit.complaints()).toEqual([])
  }, 60_000)

  test('shows what exactly the model was asked, checked against its fingerprint', async () => {
    await using service = await openService()
    const run = await service.run('please refund it')
    await service.ask(`POST /v1/runs/${run}/approvals/3.0/grant`)
    await service.settle(run)
    const visit = await browser.visit(service.url)
    const { page } = visit
    await visit.open(`/runs/${run}?at=2`, '#2 ModelCallRequested')
    await page.getByRole('link', { name: 'What exactly the model was asked' }).click()
    await page.getByText('rebuilt, fingerprint agrees').waitFor()
    await page.getByText('please refund it').waitFor()
    await accessible(visit)
    await page.getByRole('link', { name: '#1', exact: true }).click()
    await page.getByRole('heading', { name: '#1 MessageReceived' }).waitFor()
    await page.keyboard.press('?')
    await page.getByRole('heading', { name: 'Help' }).waitFor()
    await accessible(visit)
    await page.keyboard.press('g')
    await page.keyboard.press('i')
    await page.getByRole('heading', { name: 'Inbox' }).waitFor()
    await page.goto('/help')
    await page.getByLabel('Single letters').uncheck()
    await page.keyboard.press('g')
    await page.keyboard.press('r')
    expect(new URL(page.url()).pathname).toBe('/help')
    expect(visit.complaints()).toEqual([])
  }, 60_000)
})
