import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { defineAgent } from '../../src/runtime/agent.ts'
import { sha256 } from '../../src/hash.ts'
import { deskAgent, openService, type Service } from '../http/service.ts'
import { evalRuns } from '../support/eval-runs.ts'
import { accessible, hasChromium, noteWithoutChromium, openBrowser, type Browser } from './browser.ts'
import { HOSTILE } from './hostile.ts'

const SUITE = 'evals'
noteWithoutChromium(SUITE)

/** Set, the pictures of docs/debugger.md are taken anew. */
const PICTURES = process.env['REFOLD_PICTURES'] === undefined ? undefined : resolve(import.meta.dirname, '../../docs/images')

const HOUR = 3_600_000
/** As a tag takes it. */
const ODD = HOSTILE.replaceAll(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/gu, '').slice(0, 150)

const versionOf = (version: string) =>
  defineAgent({ name: 'desk', version, instructions: `Help ${version}.`, models: ['scripted/one'], limits: { tokens: null } })

/** A line of a dataset. */
const caseOf = (runId: string, said: string): string =>
  JSON.stringify({
    id: sha256(said.toWellFormed()).slice(0, 16),
    of: 'run',
    source: { runId, revision: 1, agent: 'desk@1' },
    task: 'refund',
    input: { messages: [{ role: 'user', parts: [{ type: 'text', text: said }] }] },
    state: { place: 'awaitingMessage', turn: 0 },
    output: { answer: 'On its way.', output: null, toolCalls: [{ tool: 'refund', input: { order: '18' }, outcome: 'succeeded' }] },
    labels: { customer: 'ann', escalated: 'yes' },
    split: 'test',
  })

describe.skipIf(!hasChromium)(SUITE, () => {
  const dir = mkdtempSync(join(tmpdir(), 'refold-datasets-'))
  let browser: Browser
  let service: Service
  beforeAll(async () => {
    browser = await openBrowser(SUITE)
    const [second, third] = [versionOf('2'), versionOf('3')]
    const asked = ['Where is my parcel?', 'Please refund order 18, the kettle leaks.', 'Which of my orders was paid twice?']
    writeFileSync(join(dir, 'support.jsonl'), asked.map((said) => caseOf('refunds-desk-1.a.1', said)).join('\n'))
    writeFileSync(
      join(dir, 'refunds.jsonl'),
      [caseOf('refunds-desk-1.a.1', 'Where is my <b>money</b>?'), caseOf('gone', HOSTILE), '{}'].join('\n'),
    )
    service = await openService({
      agents: [deskAgent, second, third],
      datasetDir: dir,
      http: { rateLimit: { perSecond: 50, burst: 10_000 } },
    })
    const dataset = 'refunds@4f1c'
    await evalRuns(service, {
      id: 'refunds-desk-1',
      dataset,
      candidate: deskAgent,
      cases: { a: [true], b: [false], c: [false], d: [true] },
    })
    service.world.clock.advance(24 * HOUR)
    await evalRuns(service, { id: 'refunds-desk-2', dataset, candidate: second, cases: { a: [true], b: [true], c: [false], d: [true] } })
    service.world.clock.advance(24 * HOUR)
    await evalRuns(service, {
      id: 'refunds-desk-3',
      dataset,
      candidate: third,
      baseline: second,
      cases: { a: [true, true], b: [true, false], c: [false, false], d: [true, true], e: [null, null] },
      before: { a: [true, true], b: [true, true], c: [false, true], d: [true, true] },
      note: 'Paid 18 $ back, 12 $ were asked for',
    })
    await evalRuns(service, { id: `odd ${ODD}`, dataset: `${ODD}@1`, candidate: deskAgent, cases: { x: [false] }, note: HOSTILE })
  }, 180_000)
  afterAll(async () => {
    await service[Symbol.asyncDispose]()
    await browser[Symbol.asyncDispose]()
    rmSync(dir, { recursive: true })
  })

  test.each(['wide', 'narrow'] as const)(
    'lead from a trend over versions to one of them, and from each lost case to the step that lost it, %s',
    async (size) => {
      const visit = await browser.visit(service.url, { size })
      const { page } = visit
      await page.clock.setFixedTime(service.world.clock.now() + 60_000)
      await visit.open('/runs', 'refunds-desk-3')
      await page.keyboard.press('g')
      await page.keyboard.press('e')
      await page.getByRole('img', { name: 'Runs that passed on refunds: desk@1 50.0 %, desk@2 75.0 %, desk@3 62.5 %' }).waitFor()
      await page.getByRole('row', { name: /^refunds-desk-1 refunds@4f1c desk@1 4\/4 50\.0 % 15\.0 % to 85\.0 %/ }).waitFor()
      await accessible(visit)
      await page.getByLabel('Dataset', { exact: true }).selectOption('refunds')
      await expect.poll(() => page.getByRole('row').count()).toBe(5)
      await expect.poll(() => new URL(page.url()).searchParams.get('dataset')).toBe('refunds')
      if (PICTURES !== undefined && size === 'wide') {
        await page.emulateMedia({ colorScheme: 'light' })
        await page.screenshot({ path: resolve(PICTURES, 'debugger-evals.png') })
      }
      await page.getByRole('link', { name: 'refunds-desk-3' }).first().click()
      await page.getByText('desk@3 on 5 cases of refunds@4f1c, 2 epochs, 10 runs of which 2 are not scored yet, against desk@2').waitFor()
      await page.getByRole('row', { name: /^exact 62\.5 % .* 87\.5 % -25\.0 pt no difference shown/ }).waitFor()
      await page.getByText('0 better and 2 worse').waitFor()
      await page.getByRole('row', { name: /^b ≈ flaky 1\/2/ }).waitFor()
      await accessible(visit)
      if (PICTURES !== undefined && size === 'wide') {
        await page.emulateMedia({ colorScheme: 'light' })
        await page.screenshot({ path: resolve(PICTURES, 'debugger-eval.png') })
      }
      await page.getByRole('link', { name: 'failed 1', exact: true }).click()
      await expect.poll(() => page.getByText(/(✓ passed|≈ flaky)/).count()).toBe(0)
      const lost = page.getByRole('row', { name: /^c ✗ failed 0\/2/ })
      await lost.getByText('exact: Paid 18 $ back').first().waitFor()
      await lost.getByRole('link', { name: '✗ epoch 1 at #3' }).first().click()
      await page.waitForURL('**/runs/refunds-desk-3.c.1?at=3')
      await page.goBack()
      await lost.getByRole('link', { name: 'diff of epoch 2 with the baseline' }).click()
      await page.waitForURL('**/diff?a=refunds-desk-3.c.2.baseline&b=refunds-desk-3.c.2')
      await page.goBack()
      await page.getByRole('link', { name: 'open 1', exact: true }).click()
      await page.getByRole('row', { name: /^e … open 0\/0/ }).waitFor()
      await expect
        .poll(() => page.evaluate<number>('document.documentElement.scrollWidth'))
        .toBeLessThanOrEqual(size === 'wide' ? 1280 : 390)
      expect(visit.complaints()).toEqual([])
    },
    120_000,
  )

  test('are of datasets, whose cases lead to the runs that they are from', async () => {
    const visit = await browser.visit(service.url, { size: 'narrow' })
    const { page } = visit
    await visit.open('/runs', 'refunds-desk-3')
    await page.keyboard.press('g')
    await page.keyboard.press('d')
    await page.getByRole('link', { name: 'refunds', exact: true }).waitFor()
    await accessible(visit)
    await page.getByRole('link', { name: 'refunds', exact: true }).click()
    await page.getByText('Where is my <b>money</b>?', { exact: true }).waitFor()
    await page.getByText(/^<script>window\.hit = 1/).waitFor()
    await page.getByText(/Expected a case as/).waitFor()
    await accessible(visit)
    await expect.poll(() => page.locator('#page img, #page script, #page iframe, #page style').count()).toBe(0)
    await expect.poll(() => page.evaluate('window.hit')).toBeUndefined()
    await expect.poll(() => page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
    await page.getByRole('link', { name: 'refunds-desk-1.a.1@1' }).click()
    await page.waitForURL('**/runs/refunds-desk-1.a.1?at=1')
    if (PICTURES !== undefined) {
      await page.setViewportSize({ width: 1280, height: 800 })
      await page.emulateMedia({ colorScheme: 'light' })
      await visit.open('/datasets/support', 'paid twice')
      await page.screenshot({ path: resolve(PICTURES, 'debugger-dataset.png') })
    }
    expect(visit.complaints()).toEqual([])
  }, 120_000)

  test('show what others have named and noted as text, copy what is shown, and say where there is none', async () => {
    const visit = await browser.visit(service.url, { size: 'narrow' })
    const { page } = visit
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await visit.open('/evals', 'odd <script>')
    await page.getByRole('link', { name: /^odd <script>/ }).click()
    await page.getByText(/exact: <script>/).waitFor()
    await expect.poll(() => page.locator('#page img, #page script, #page iframe, #page style').count()).toBe(0)
    await expect.poll(() => page.evaluate('window.hit')).toBeUndefined()
    await expect.poll(() => page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
    await accessible(visit)
    await visit.open('/evals/refunds-desk-2', '75.0 %')
    await page.keyboard.press('y')
    await page.keyboard.press('s')
    await page.getByText('Copied: the command').waitFor()
    await expect
      .poll(() => page.evaluate<string>('navigator.clipboard.readText()'))
      .toBe('refold query eval-runs --tag eval=refunds-desk-2')
    visit.allow(/404/)
    await visit.open('/evals/nothing', 'Expected the id of an eval')
    expect(visit.complaints()).toEqual([])
  }, 120_000)
})
