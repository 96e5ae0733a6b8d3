import { resolve } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { streamOf } from '../../src/events/codec.ts'
import type { NewEvent } from '../../src/eventlog/event-log.ts'
import { deskAgent, openService, type Service } from '../http/service.ts'
import { inEveryField, recordedHistories } from '../support/hostile-histories.ts'
import { defineAgent, type Agent } from '../../src/runtime/agent.ts'
import { accessible, hasChromium, noteWithoutChromium, openBrowser, savedBy, type Browser, type Visit } from './browser.ts'

const SUITE = 'charts and analytics'
noteWithoutChromium(SUITE)

/** Set, the pictures of docs/debugger.md are taken anew. */
const PICTURES = process.env['REFOLD_PICTURES'] === undefined ? undefined : resolve(import.meta.dirname, '../../docs/images')

const HOUR = 3_600_000
const newer = defineAgent({ name: 'desk', version: '2', instructions: 'Help more.', models: ['scripted/one'], limits: { tokens: null } })

/** Numbers on the picture that lie on another one. */
const hiddenNumbers = (page: Page): Promise<readonly string[]> =>
  page.evaluate<readonly string[]>(`(() => {
    const boxes = [...document.querySelectorAll('.figure .plate')].map((plate) => [plate.parentElement.dataset.id, plate.getBoundingClientRect()])
    const lies = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
    return boxes.flatMap(([id, box], at) => boxes.slice(at + 1).flatMap(([other, on]) => (lies(box, on) ? [id + ' on ' + other] : [])))
  })()`)

describe.skipIf(!hasChromium)(SUITE, () => {
  let browser: Browser
  let service: Service
  beforeAll(async () => {
    browser = await openBrowser(SUITE)
    service = await openService({ agents: [deskAgent, newer] })
    const begin = async (agent: Agent, message: string, runId: string): Promise<void> => {
      await service.served.start(agent, { message, runId })
      await service.settle(runId)
    }
    await begin(deskAgent, 'hello', 'said')
    await begin(deskAgent, 'please refund it', 'paid')
    service.world.clock.advance(2 * HOUR)
    await service.ask('POST /v1/runs/paid/approvals/3.0/grant', { body: { by: 'ann' } })
    await service.settle('paid')
    await begin(deskAgent, 'call a human', 'owned')
    service.world.clock.advance(24 * HOUR)
    await begin(newer, 'hello', 'newer')
  }, 180_000)
  afterAll(async () => {
    await service[Symbol.asyncDispose]()
    await browser[Symbol.asyncDispose]()
  })

  const visitAt = async (size: 'wide' | 'narrow'): Promise<Visit> => {
    const visit = await browser.visit(service.url, { size })
    await visit.page.clock.setFixedTime(service.world.clock.now() + 60_000)
    return visit
  }
  const picture = async (page: Page, name: string): Promise<void> => {
    if (PICTURES === undefined) return
    await page.emulateMedia({ colorScheme: 'light' })
    await page.screenshot({ path: resolve(PICTURES, `debugger-${name}.png`) })
  }

  test.each(['wide', 'narrow'] as const)(
    'of agents lead to numbers on states and ways, and those to the runs behind them, %s',
    async (size) => {
      const visit = await visitAt(size)
      const { page } = visit
      await visit.open('/runs', 'said')
      await page.keyboard.press('g')
      await page.keyboard.press('c')
      await page.getByRole('link', { name: 'desk@1' }).waitFor()
      await accessible(visit)
      await page.getByRole('link', { name: 'desk@1' }).click()
      await page.locator('.refold-chart.heat').waitFor()
      const figure = (id: string) => page.locator(`.figure[data-id="${id}"]`)
      await expect.poll(() => figure('agent-run.awaitingMessage').textContent()).toBe('5')
      await expect.poll(() => figure('agent-run.thinking.callingModel|ModelCallSucceeded|0').textContent()).toBe('2')
      await expect.poll(() => figure('agent-run.thinking.backingOff|after untilRetry|0').textContent()).toBe('0')
      await expect.poll(() => figure('agent-run.thinking.backingOff|after untilRetry|0').getAttribute('class')).toContain('never')
      await expect.poll(() => figure('agent-run.thinking.checkingLimits').textContent()).toBe('4')
      // Where a guard decides, it is so often at most; what every way shares is certain.
      await expect.poll(() => figure('agent-run.thinking.checkingLimits|always|1').textContent()).toBe('4')
      await expect.poll(() => page.getByText('≤ ').count()).toBeGreaterThan(0)
      await expect.poll(() => hiddenNumbers(page)).toEqual([])
      await expect.poll(() => page.getByRole('row', { name: /^agent-run\.acting \d/ }).textContent()).toMatch(/1 h 58 min/)
      await accessible(visit)
      if (size === 'wide') await picture(page, 'chart')
      await page.getByLabel('Heat', { exact: true }).selectOption('p95')
      await expect.poll(() => new URL(page.url()).searchParams.get('by')).toBe('p95')
      await page.getByLabel('Chart', { exact: true }).selectOption('toolCall')
      await figure('tool-call.awaitingApproval').waitFor()
      await expect.poll(() => page.getByRole('row', { name: /^tool-call\.awaitingApproval \d/ }).textContent()).toMatch(/1 h 58 min/)
      await page.goBack()
      await page.goBack()
      await figure('agent-run.escalated').focus()
      await page.keyboard.press('Enter')
      await page.getByText('owned').first().waitFor()
      await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe('agent:desk version:1 visited:escalated')
      await expect.poll(() => page.getByText('said', { exact: true }).count()).toBe(0)
      await page.goBack()
      await figure('agent-run.thinking.callingModel|ModelCallSucceeded|0').click()
      await page.getByText('paid').first().waitFor()
      await expect.poll(() => new URL(page.url()).searchParams.get('q')).toContain('took:thinking.callingModel>ModelCallSucceeded>acting')
      expect(visit.complaints()).toEqual([])
    },
    90_000,
  )

  test('compare a version with another, and go along as SVG, Mermaid, CSV and SQL', async () => {
    const visit = await visitAt('wide')
    const { page } = visit
    await visit.open('/charts/desk@2', 'ways were taken')
    await page.getByLabel('Compared with', { exact: true }).selectOption('desk@1')
    const figure = page.locator('.figure[data-id="agent-run.awaitingMessage"]')
    await page.getByText('compared with desk@1').waitFor()
    await expect.poll(() => figure.textContent()).toBe('2 · was 5')
    await expect.poll(() => new URL(page.url()).searchParams.get('vs')).toBe('desk@1')
    const svg = await savedBy(page, 'SVG')
    expect(svg).toMatch(/^<svg[^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/)
    expect(svg).toContain('2 · was 5')
    expect(svg).not.toContain('href')
    expect(await savedBy(page, 'Mermaid')).toMatch(/stateDiagram-v2[^]*MessageReceived · 1/)
    const csv = await savedBy(page, 'CSV')
    expect(csv.split('\r\n')[0]).toBe(
      'kind,id,from,by,to,count,at_most,share,p50_ms,p95_ms,waits,wait_p50_ms,wait_p95_ms,failures,cost_usd',
    )
    expect(csv).toMatch(/state,agent-run\.awaitingMessage,,,,2,0,/)
    await expect
      .poll(() => page.getByRole('link', { name: 'These figures as SQL' }).getAttribute('href'))
      .toMatch(/^\/analytics\/sql#q=select%20agent/)
    await page.getByLabel('Time', { exact: true }).selectOption('1h')
    await page.getByText('of the last').waitFor({ state: 'detached' })
    expect(visit.complaints()).toEqual([])
  }, 90_000)

  test('of a version whose code is not here have their figures, and no version is left out however many there are', async () => {
    await using many = await openService()
    const [history = []] = recordedHistories()
    const version = (n: number): readonly NewEvent[] =>
      inEveryField(history.slice(0, n === 1_004 ? undefined : 1), (text) => (text === '1' ? String(n) : text))
    for (let n = 1; n <= 1_004; n++) await many.world.log.append(streamOf(`run-${n}`), 'no-stream', version(n))
    const visit = await browser.visit(many.url, { size: 'narrow' })
    const { page } = visit
    await visit.open('/charts', 'desk@1')
    await expect.poll(() => page.getByRole('row').count()).toBeGreaterThanOrEqual(1_005)
    await page.getByRole('link', { name: /^\w+@1004$/ }).click()
    await page.getByText('is not here, so its chart cannot be drawn').waitFor()
    await page.getByLabel('Time', { exact: true }).selectOption('all')
    const row = page.getByRole('row', { name: /^thinking\.callingModel [1-9]/ })
    await row.waitFor()
    await page
      .getByRole('row', { name: /MessageReceived/ })
      .first()
      .waitFor()
    await accessible(visit)
    expect(await savedBy(page, 'CSV')).toMatch(/^state,thinking\.callingModel,/m)
    await row.getByText(/^\d+ ways?$/).click()
    await row.getByRole('listitem').first().getByRole('link').click()
    await page.getByText('run-1004').first().waitFor()
    expect(visit.complaints()).toEqual([])
  }, 120_000)

  test.each(['wide', 'narrow'] as const)(
    'of usage show what happens over time, by what is asked for and in which time, %s',
    async (size) => {
      const visit = await visitAt(size)
      const { page } = visit
      await visit.open('/analytics', 'Turns that are answered')
      const figure = (title: string) => page.locator('figure', { hasText: title })
      const cost = figure('Cost of models')
      await cost.getByText('scripted/one').first().waitFor()
      await figure('Tool calls that fail').getByText('all together').waitFor()
      await accessible(visit)
      if (size === 'wide') await picture(page, 'analytics')
      await page.getByLabel('By', { exact: true }).selectOption('version')
      await cost.getByText('desk@1').first().waitFor()
      await cost.getByText('desk@2').first().waitFor()
      await expect.poll(() => new URL(page.url()).searchParams.get('by')).toBe('version')
      const tokens = figure('Tokens')
      await tokens.getByText('Table').press('Enter')
      const rows = tokens.getByRole('row')
      await expect.poll(() => rows.count()).toBeGreaterThan(2)
      await accessible(visit)
      await rows.nth(1).getByRole('button').press('Enter')
      await page.getByText('as chosen').waitFor({ state: 'attached' })
      await cost.getByText('desk@2').waitFor({ state: 'detached' })
      await expect.poll(() => new URL(page.url()).searchParams.get('until')).toMatch(/^\d+$/)
      await page.goBack()
      await cost.getByText('desk@2').first().waitFor()
      const box = await cost.getByRole('img').boundingBox()
      if (box === null) throw new Error('no plot')
      await page.mouse.move(box.x + box.width * 0.8, box.y + 40)
      await page.mouse.down()
      await page.mouse.move(box.x + box.width * 0.98, box.y + 40, { steps: 3 })
      await page.mouse.up()
      await page.getByText('as chosen').waitFor({ state: 'attached' })
      const { searchParams } = new URL(page.url())
      expect(Number(searchParams.get('since'))).toBeLessThan(Number(searchParams.get('until')))
      expect(await savedBy(page, 'Tokens as CSV')).toMatch(/^slot,/)
      await expect.poll(() => page.getByRole('link', { name: 'Tokens as SQL' }).getAttribute('href')).toMatch(/#q=select/)
      expect(visit.complaints()).toEqual([])
    },
    90_000,
  )
})
