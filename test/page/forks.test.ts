import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { textsOf } from '../../src/events/content.ts'
import type { RunView } from '../../src/fold/run-view.ts'
import { answer, toolCalls, type ModelScript } from '../../src/models/scripted/script.ts'
import { defineAgent } from '../../src/runtime/agent.ts'
import { defineTool } from '../../src/tools/define-tool.ts'
import { openService, type Service } from '../http/service.ts'
import { eventsOf } from '../support/world.ts'
import { accessible, hasChromium, openBrowser, type Browser, type Visit } from './browser.ts'

/** Counted where it would happen. */
const executed: string[] = []

const order = z.object({ id: z.string() })
const tool = (name: string, effect: 'read' | 'once') =>
  defineTool({
    name,
    description: `Does ${name}`,
    input: order,
    output: z.object({ order: z.string() }),
    effect,
    execute: ({ id }) => {
      executed.push(`${name} ${id}`)
      return Promise.resolve({ order: id })
    },
  })

const instructions = 'Help with orders.'
const agentOf = (version: string) =>
  defineAgent({
    name: 'desk',
    version,
    instructions: version === '1' ? instructions : `${instructions} Be kind.`,
    models: ['scripted/one'],
    tools: [tool('look_up', 'read'), tool('charge_card', 'once')],
  })

const script: ModelScript = ({ messages, instructions: told }) => {
  const last = messages.at(-1)
  if (last?.role === 'tool') return answer(`${told.includes('kind') ? 'Dear customer, done' : 'Done'}: ${textsOf(last.parts)}`)
  const said = last?.role === 'user' ? textsOf(last.parts) : ''
  if (said.includes('charge')) return toolCalls([{ name: 'charge_card', arguments: { id: /\d+/.exec(said)?.[0] ?? '' } }])
  return answer(`You said: ${said}`)
}

describe.skipIf(!hasChromium)('a fork', () => {
  let browser: Browser
  let service: Service
  beforeAll(async () => {
    browser = await openBrowser('forks')
    // Its clock stands still, so that nothing flows into the bucket of the whole file.
    const http = { rateLimit: { perSecond: 50, burst: 10_000 } }
    service = await openService({ agents: [agentOf('2'), agentOf('1')], script, http })
  }, 120_000)
  afterAll(async () => {
    await service[Symbol.asyncDispose]()
    await browser[Symbol.asyncDispose]()
  })

  /** The fork that is looked at now, once nothing happens in it. */
  const forkAt = async ({ page }: Visit): Promise<string> => {
    await page.getByText('Compare with its origin').waitFor()
    const runId = decodeURIComponent(new URL(page.url()).pathname.split('/')[2] ?? '')
    await service.settle(runId)
    return runId
  }

  test('with other words is made by key, reaches no tool, and says of each row where it is from', async () => {
    const origin = await service.run('please charge 21')
    const before = executed.length
    const visit = await browser.visit(service.url)
    const { page } = visit
    await visit.open(`/runs/${origin}?at=1`, '#1 MessageReceived')
    await page.keyboard.press('F')
    const dialog = page.getByRole('dialog')
    await dialog.getByText('2 events are copied').waitFor()
    await dialog.getByText('0 real effects').waitFor()
    await dialog.getByText('charge_card', { exact: true }).waitFor()
    await accessible(visit)
    await dialog.getByRole('radio', { name: 'nothing' }).focus()
    await page.keyboard.press('ArrowDown')
    await expect.poll(() => dialog.getByRole('radio', { name: 'message' }).isChecked()).toBe(true)
    await page.keyboard.press('Tab')
    await page.keyboard.type('please charge 22')
    await dialog.getByRole('button', { name: 'Fork' }).focus()
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    const fork = await forkAt(visit)
    await page.getByText('0 recorded · 1 live · 0 real').waitFor()
    await page.getByText('with other message').waitFor()
    await page.locator('.group', { hasText: 'charge_card' }).getByText('asked', { exact: true }).waitFor()
    await page.locator('.group', { hasText: 'please charge 22' }).getByText('asked', { exact: true }).waitFor()
    await page.locator('.group', { hasText: '◇ one' }).getByText('live', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Settle …' }).click()
    await dialog.getByRole('radio', { name: 'It happened' }).check()
    await dialog.getByLabel('If it happened').fill('{"order":"as if"}')
    await dialog.getByRole('button', { name: 'Settle', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    await service.settle(fork)
    await page.getByText('0 recorded · 1 asked · 2 live · 0 real').waitFor()
    expect(executed).toHaveLength(before)
    await page.getByRole('link', { name: origin }).click()
    await page.getByRole('navigation', { name: 'Forks of this run' }).getByRole('link', { name: fork }).waitFor()
    expect(visit.complaints()).toEqual([])
  }, 120_000)

  test('of nothing otherwise is served from the record, also from a narrow screen', async () => {
    const origin = await service.run('please charge 31')
    const before = executed.length
    const visit = await browser.visit(service.url, { size: 'narrow' })
    const { page } = visit
    await visit.open(`/runs/${origin}?at=1&pane=timeline`, 'charge_card')
    await page.getByRole('button', { name: 'Fork from here' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('2 events are copied').waitFor()
    await dialog.getByLabel('Calls of models at most').fill('0')
    await accessible(visit)
    await dialog.getByRole('button', { name: 'Fork' }).click()
    await forkAt(visit)
    await page.getByText('3 recorded · 0 real').waitFor()
    await page.getByRole('button', { name: 'Timeline' }).click()
    await expect
      .poll(() => page.locator('.group .source').allInnerTexts())
      .toEqual(['recorded', 'recorded', 'recorded', 'recorded', 'recorded'])
    await page.getByRole('button', { name: 'Tool calls' }).click()
    await page.locator('.calls .source', { hasText: 'recorded' }).waitFor()
    await expect.poll(() => page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
    await accessible(visit)
    expect(executed).toHaveLength(before)
    expect(visit.complaints()).toEqual([])
  }, 120_000)

  test('executes for real what is typed by its name, and says so in red', async () => {
    const origin = await service.run('please charge 41')
    const visit = await browser.visit(service.url)
    const { page } = visit
    await visit.open(`/runs/${origin}?at=1`, '#1 MessageReceived')
    await page.getByRole('button', { name: 'Fork from here' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('radio', { name: 'message' }).check()
    await dialog.getByLabel('Said in place').fill('please charge 42')
    await dialog.getByLabel('Real effects').fill('charge')
    await dialog.getByText('charge is no tool of this agent').waitFor()
    await expect.poll(() => dialog.getByRole('button', { name: 'Fork' }).isDisabled()).toBe(true)
    await dialog.getByLabel('Real effects').fill('charge_card')
    await dialog.getByText('Real effects: charge_card will be executed').waitFor()
    await dialog.getByRole('button', { name: 'Fork' }).click()
    const fork = await forkAt(visit)
    expect(executed.at(-1)).toBe('charge_card 42')
    await page.getByText('0 recorded · 2 live · 1 real').waitFor()
    await page.locator('.group', { hasText: 'charge_card' }).getByText('REAL', { exact: true }).waitFor()
    await page.locator('.fork-banner').getByText('REAL charge_card').waitFor()
    await accessible(visit)
    await visit.open(`/runs?q=fork:${origin}`, fork)
    await page.getByText('REAL charge_card').waitFor()
    expect(visit.complaints()).toEqual([])
  }, 120_000)

  test('changes a result, the instructions, the model or the version, each only where it can', async () => {
    const origin = await service.run('please charge 51')
    const events = await eventsOf(service.world, origin)
    const result = events.find(({ type }) => type === 'ToolCallSucceeded')?.revision ?? 0
    const visit = await browser.visit(service.url)
    const { page } = visit
    const dialog = page.getByRole('dialog')
    const made = async (at: number, fill: () => Promise<void>): Promise<RunView> => {
      await visit.open(`/runs/${origin}?at=${at}`, `#${at} ${events[at]?.type ?? ''}`)
      await page.getByRole('button', { name: 'Fork from here' }).click()
      await dialog.getByText('look_up', { exact: true }).waitFor()
      await fill()
      await dialog.getByRole('button', { name: 'Fork' }).click()
      const fork = await forkAt(visit)
      return (await service.world.refold.run(fork).state()) as RunView
    }
    const other = await made(result, async () => {
      await dialog.getByRole('radio', { name: 'tool result' }).check()
      await dialog.getByLabel('What it brings, as JSON').fill('{"order":"otherwise"}')
    })
    expect(other).toMatchObject({ answer: 'Done: {"order":"otherwise"}', fork: { counts: { simulated: 1, real: 0 } } })
    const told = await made(1, async () => {
      await expect.poll(() => dialog.getByRole('radio', { name: 'tool result' }).count()).toBe(0)
      await dialog.getByRole('radio', { name: 'instructions' }).check()
      await expect.poll(() => dialog.getByLabel('Instructions, in place').inputValue()).toBe(instructions)
      await dialog.getByLabel('Instructions, in place').fill('Be kind.')
    })
    expect(told).toMatchObject({ answer: 'Dear customer, done: {"order":"51"}', fork: { counts: { recorded: 1, live: 2 } } })
    const newer = await made(1, async () => {
      await dialog.getByRole('radio', { name: 'agent version' }).check()
      await dialog.getByLabel('Version that has').selectOption('2')
    })
    expect(newer).toMatchObject({ agent: 'desk@2', answer: 'Dear customer, done: {"order":"51"}' })
    await visit.open(`/runs/${origin}?at=1`, '#1 MessageReceived')
    await page.getByRole('button', { name: 'Fork from here' }).click()
    await dialog.getByRole('radio', { name: 'model', exact: true }).check()
    await dialog.getByLabel('Model, as provider/name').fill('nobody/one')
    visit.allow(/400|422/)
    await dialog.getByRole('button', { name: 'Fork' }).click()
    await dialog.getByText('Expected a model of scripted, found nobody/one').waitFor()
    await dialog.getByLabel('Model, as provider/name').fill('scripted/two')
    await dialog.getByRole('button', { name: 'Fork' }).click()
    expect(await service.world.refold.run(await forkAt(visit)).state()).toMatchObject({ fork: { counts: { live: 2 } } })
    expect(visit.complaints()).toEqual([])
  }, 120_000)

  test('is compared with its origin by one key, and the differences are walked through', async () => {
    const origin = await service.run('please charge 61')
    const fork = await service.world.refold.run(origin).fork({
      at: 1,
      by: 'ann',
      message: 'please charge 62',
      instructions: 'Be kind to all.',
      simulate: { charge_card: { order: 'as if' } },
    })
    await service.settle(fork.id)
    const visit = await browser.visit(service.url)
    const { page } = visit
    await visit.open(`/runs/${fork.id}`, 'Compare with its origin')
    await page.getByText('live', { exact: true }).first().waitFor()
    await page.keyboard.press('D')
    await page.getByText('1 event in common; they part at #1 of A and #2 of B').waitFor()
    await expect.poll(() => Object.fromEntries(new URL(page.url()).searchParams)).toEqual({ a: origin, b: fork.id })
    const focused = page.locator('.differs:focus')
    await page.keyboard.press('n')
    await focused.getByText('first difference').waitFor()
    await expect.poll(() => focused.innerText()).toContain('please charge 62')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.locator('.content del', { hasText: '61' }).waitFor()
    await page.locator('.content ins', { hasText: '62' }).waitFor()
    await page.keyboard.press('n')
    await expect.poll(() => page.locator('.differs:focus').innerText()).not.toContain('first difference')
    await page.keyboard.press('p')
    await focused.getByText('first difference').waitFor()
    await page.getByText('The first prompts that differ').waitFor()
    await page
      .locator('.prompts ins', { hasText: 'Be kind to all' })
      .or(page.locator('.prompts ins', { hasText: 'kind' }))
      .first()
      .waitFor()
    await accessible(visit)
    await page.getByRole('row', { name: /^cost/ }).waitFor()
    expect(visit.complaints()).toEqual([])
  }, 120_000)

  test('and any two runs or revisions, one above the other on a narrow screen', async () => {
    const one = await service.run('hello')
    const other = await service.run('hello')
    const visit = await browser.visit(service.url, { size: 'narrow' })
    const { page } = visit
    await visit.open(`/diff?a=${one}`, 'Say with which run')
    await page.getByLabel('B', { exact: true }).fill(other)
    await page.getByRole('button', { name: 'Compare' }).click()
    await page.getByText('and no difference').waitFor()
    await page.getByLabel('B', { exact: true }).fill(`${one}@1`)
    await page.getByRole('button', { name: 'Compare' }).click()
    await page.getByText('they part at #2 of A and the end of B').waitFor()
    await page.getByText('only in A').first().waitFor()
    await page.getByText('events in common').click()
    await page.getByText('#0 RunStarted').waitFor()
    await accessible(visit)
    await expect.poll(() => page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
    const charged = await service.run('please charge 71')
    await visit.open(`/diff?a=${one}&b=${charged}`, 'Ways on the chart')
    const way = (id: string) => page.locator(`.paths .figure[data-id="${id}"]`)
    await way('agent-run.acting').waitFor()
    await expect.poll(() => way('agent-run.acting').textContent()).toBe('B 1')
    await expect.poll(() => way('agent-run.awaitingMessage').textContent()).toBe('A B 2')
    await expect.poll(() => way('agent-run.thinking.callingModel').textContent()).toBe('A 1 · B 2')
    await expect.poll(() => page.locator('.paths .only-b > .gap').count()).toBeGreaterThan(1)
    await page.getByText('B alone').waitFor()
    await visit.open(`/diff?a=${charged}&b=${one}`, 'Ways on the chart')
    await page.locator('.paths .figure.only-a', { hasText: 'A 1' }).first().waitFor()
    await accessible(visit)
    await visit.open(`/diff?a=${one}&b=${one}@99`, 'Expected a revision of')
    visit.allow(/404/)
    await visit.open(`/diff?a=${one}&b=nobody`, 'Expected a run nobody, found none')
    expect(visit.complaints()).toEqual([])
  }, 120_000)
})
