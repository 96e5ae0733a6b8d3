import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openService } from '../http/service.ts'
import { accessible, hasChromium, openBrowser, type Browser } from './browser.ts'

describe.skipIf(!hasChromium)('the inbox', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser('the inbox')
  }, 60_000)
  afterAll(() => browser[Symbol.asyncDispose]())

  test.each(['wide', 'narrow'] as const)(
    'has a card for each question, and a decision is recorded as that of its card, %s',
    async (size) => {
      await using service = await openService()
      const refund = await service.run('please refund it')
      const owned = await service.run('call a human')
      const visit = await browser.visit(service.url, { size })
      const { page } = visit
      await visit.open('/inbox', 'May this be done?')
      await page.getByText('A person owns this run').waitFor()
      await accessible(visit)
      await page.keyboard.press('/')
      await page.keyboard.type('REFUND_order 18')
      await page.getByText('1 of 2').waitFor()
      await expect.poll(() => page.getByRole('article').count()).toBe(1)
      await page.getByRole('searchbox').fill('')
      await page.getByRole('searchbox').press('Escape')
      await page.getByText('A person owns this run').waitFor()
      await page.keyboard.press('j')
      const card = page.getByRole('article', { name: refund })
      await card.getByText('refund_order').waitFor()
      await card.getByRole('button', { name: 'Deny …' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Reason').fill('not this time')
      await dialog.getByRole('button', { name: 'Deny', exact: true }).click()
      await dialog.waitFor({ state: 'detached' })
      await page.getByRole('article', { name: owned }).getByRole('button', { name: 'Answer …' }).click()
      await dialog.getByLabel('Answer').fill('I have called them.')
      await dialog.getByRole('button', { name: 'Answer', exact: true }).click()
      await expect
        .poll(
          async () => {
            service.world.clock.advance(1_000)
            return page.getByRole('article').count()
          },
          { timeout: 30_000 },
        )
        .toBe(0)
      const decided = (await service.ask<{ events: { type: string; data: unknown }[] }>(`GET /v1/runs/${refund}/events`)).body.events
      expect(decided.find(({ type }) => type === 'ApprovalDenied')?.data).toMatchObject({ reason: 'not this time', by: 'local' })
      expect(visit.complaints()).toEqual([])
    },
    60_000,
  )

  test('says that a decision comes too late, and decides nothing else', async () => {
    await using service = await openService()
    const refund = await service.run('please refund it')
    const visit = await browser.visit(service.url)
    const { page } = visit
    await visit.open('/inbox', 'May this be done?')
    await page.getByRole('button', { name: 'Grant …' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('digest').waitFor()
    await service.ask(`POST /v1/runs/${refund}/approvals/3.0/deny`, { body: { by: 'mara', reason: 'no' } })
    visit.allow(/409/)
    await dialog.getByRole('button', { name: 'Grant', exact: true }).click()
    await dialog.getByText('It is not as it was when you opened this').waitFor()
    await expect.poll(() => dialog.getByRole('button', { name: 'Grant', exact: true }).isDisabled()).toBe(true)
    await dialog.getByRole('button', { name: 'Close' }).click()
    await dialog.waitFor({ state: 'detached' })
    expect(visit.complaints()).toEqual([])
  }, 60_000)

  test('grants a call with changed arguments under the digest that it shows, by mouse and by keyboard alone', async () => {
    await using service = await openService()
    const visit = await browser.visit(service.url)
    const { page } = visit
    const dialog = page.getByRole('dialog')
    const field = dialog.getByLabel('What the tool gets, as JSON')
    const granted = async (runId: string): Promise<unknown> => {
      const { events } = (await service.ask<{ events: { type: string; data: unknown }[] }>(`GET /v1/runs/${runId}/events`)).body
      return events.find(({ type }) => type === 'ApprovalGranted')?.data
    }
    const first = await service.run('please refund it')
    await visit.open('/inbox', 'May this be done?')
    await page.getByRole('button', { name: 'Change …' }).click()
    await dialog.getByText('Both say the same.').waitFor()
    await field.fill('{"id": ')
    await dialog.getByText('This is no JSON').waitFor()
    visit.allow(/400/)
    await field.fill('{"id": 19}')
    await dialog.getByRole('button', { name: 'Change', exact: true }).click()
    await dialog.getByText('that refund_order takes as they are').waitFor()
    await field.fill('{"id": "19"}')
    await dialog.locator('ins').getByText('19').waitFor()
    await accessible(visit)
    const digest = await dialog.getByText('digest of what is granted').locator('code').getAttribute('title')
    await dialog.getByRole('button', { name: 'Change', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    expect(await granted(first)).toMatchObject({ by: 'local', input: { id: '19' }, inputDigest: digest })

    const second = await service.run('please refund it')
    await visit.open('/inbox', 'May this be done?')
    const card = page.getByRole('article', { name: second })
    await card.getByRole('button', { name: 'Change …' }).press('Enter')
    await field.press('Control+a')
    await page.keyboard.type('{"id": "20"}')
    await dialog.getByRole('button', { name: 'Change', exact: true }).press('Enter')
    await dialog.waitFor({ state: 'detached' })
    expect(await granted(second)).toMatchObject({ input: { id: '20' } })
    expect(visit.complaints()).toEqual([])
  }, 60_000)

  test('settles a call of which nobody knows with the keyboard alone, and gives a run back', async () => {
    await using service = await openService()
    const charge = await service.run('charge me')
    const owned = await service.run('call a human')
    const visit = await browser.visit(service.url)
    const { page } = visit
    await visit.open('/inbox', 'Has this happened?')
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog')
    await dialog.getByText('charge_card').waitFor()
    await accessible(visit)
    await dialog.getByLabel('It happened', { exact: true }).press(' ')
    const result = dialog.getByLabel('If it happened')
    await result.fill('not JSON')
    await dialog.getByRole('button', { name: 'Settle', exact: true }).press('Enter')
    await dialog.getByText('This is no JSON').waitFor()
    await result.fill('"charged <b>once</b>"')
    await dialog.getByRole('button', { name: 'Settle', exact: true }).press('Enter')
    await dialog.waitFor({ state: 'detached' })
    await service.settle(charge)
    expect((await service.ask(`GET /v1/runs/${charge}`)).body).toMatchObject({ answer: 'The tool said: charged <b>once</b>' })
    await page.getByRole('article', { name: owned }).getByRole('button', { name: 'Give back …' }).click()
    await dialog.getByLabel('What the agent is told').fill('go on, <i>please</i>')
    await dialog.getByRole('button', { name: 'Give back', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    const { events } = (await service.ask<{ events: { type: string; data: unknown }[] }>(`GET /v1/runs/${owned}/events`)).body
    expect(events.find(({ type }) => type === 'RunReturned')?.data).toMatchObject({ note: 'go on, <i>please</i>', by: 'local' })
    expect(visit.complaints()).toEqual([])
  }, 60_000)

  test('takes a run over from its page and from a card, speaks for its agent and gives it back, by keyboard and mouse', async () => {
    await using service = await openService()
    const quiet = await service.run('hello')
    const refund = await service.run('please refund it')
    const visit = await browser.visit(service.url, { size: 'narrow' })
    const { page } = visit
    const dialog = page.getByRole('dialog')
    /** The list hears of changes once a second. */
    const there = (what: Locator): Promise<void> =>
      expect
        .poll(
          () => {
            service.world.clock.advance(1_000)
            return what.count()
          },
          { timeout: 30_000 },
        )
        .toBe(1)
    const done = async (name: string): Promise<void> => {
      await dialog.getByRole('button', { name, exact: true }).press('Enter')
      await dialog.waitFor({ state: 'detached' })
    }
    const typesOf = async (runId: string): Promise<string[]> =>
      (await service.ask<{ events: { type: string }[] }>(`GET /v1/runs/${runId}/events`)).body.events.map(({ type }) => type)

    await visit.open(`/runs/${quiet}`, quiet)
    await page.getByRole('button', { name: 'Take over …' }).waitFor()
    await page.keyboard.press('T')
    await dialog.getByText('Take the run over from its agent').waitFor()
    await dialog.getByLabel('Note').fill('she <b>asked</b> for a person')
    await done('Take over')
    await page.getByText('taken over by local').first().waitFor()
    await accessible(visit)
    await service.ask(`POST /v1/runs/${quiet}/messages`, { body: { message: 'are you there?' } })
    await service.settle(quiet)
    expect((await service.ask(`GET /v1/runs/${quiet}`)).body).toMatchObject({ state: 'escalated', takenOver: { by: 'local' } })

    await visit.open('/inbox', 'A person owns this run')
    const card = page.getByRole('article', { name: quiet })
    await card.getByText('taken over by local').waitFor()
    await accessible(visit)
    await card.getByRole('button', { name: 'Answer …' }).click()
    await dialog.getByLabel('Answer').fill('Yes, this is Ann.')
    await done('Answer')
    expect((await service.ask(`GET /v1/runs/${quiet}`)).body).toMatchObject({ answer: 'Yes, this is Ann.', takenOver: { by: 'local' } })

    const other = page.getByRole('article', { name: refund })
    await other.waitFor()
    await other.focus()
    await page.keyboard.press('T')
    await dialog.getByText('Take the run over from its agent').waitFor()
    await done('Take over')
    await there(other.getByText('taken over by local'))
    await other.getByRole('button', { name: 'Deny …' }).click()
    await dialog.getByLabel('Reason').fill('I do it myself')
    await done('Deny')
    await service.settle(refund)
    await there(page.getByRole('article', { name: `A person owns this run ${refund}` }))
    await page.getByRole('article', { name: refund }).focus()
    await page.keyboard.press('T')
    await dialog.getByText('Give the run back to its agent').waitFor()
    await done('Give back')
    expect(await typesOf(refund)).toContain('RunReturned')

    await visit.open(`/runs/${quiet}`, quiet)
    await page.getByText('taken over by local').first().waitFor()
    await page.keyboard.press('T')
    await done('Give back')
    await page.getByText('taken over by local').first().waitFor({ state: 'detached' })
    expect(await typesOf(quiet)).toContain('RunReleased')
    expect(visit.complaints()).toEqual([])
  }, 90_000)
})
