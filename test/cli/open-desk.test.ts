import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { killAtExit } from '../../servers/kill-at-exit.ts'

const main = resolve(import.meta.dirname, '../../examples/order-desk/main.ts')

interface Listed {
  readonly runs: readonly { readonly runId: string; readonly standing: string }[]
}

test('the order desk stays open behind its story, with runs to look at, until it is told to end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'refold-desk-'))
  const desk = spawn(process.execPath, ['--conditions=refold:source', main], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  killAtExit(desk)
  const exit = once(desk, 'exit')
  let said = ''
  for await (const chunk of desk.stdout) {
    said += String(chunk)
    if (said.includes('The desk is open')) break
  }
  const url = /The desk is open: (\S+)/.exec(said)?.[1] ?? ''
  const standings = async (): Promise<Readonly<Record<string, string>>> => {
    const { runs } = (await (await fetch(`${url}/v1/runs`)).json()) as Listed
    return Object.fromEntries(runs.map(({ runId, standing }) => [runId, standing]))
  }
  await expect.poll(standings, { timeout: 60_000, interval: 500 }).toMatchObject({
    'letter-2': 'approval',
    'letter-2.desk-1': 'approval',
    'refund-2-otherwise': 'message',
    'refund-2': 'approval',
    'circles-2': 'human',
    'parcels-2': 'message',
    charge: 'message',
  })
  const forked = (await (await fetch(`${url}/v1/runs/refund-2-otherwise`)).json()) as { readonly fork: unknown }
  expect(forked.fork).toMatchObject({ runId: 'refund-2', counts: { real: 0 }, real: [] })
  const retried = await (await fetch(`${url}/v1/runs/parcels-2/outline`)).text()
  expect(retried).toContain('"ToolCallFailed"')
  expect(await (await fetch(`${url}/v1/evals`)).json()).toMatchObject({ evals: [{ agent: 'order-desk@1', runs: 6, scored: 6, passed: 5 }] })
  expect(await (await fetch(`${url}/v1/datasets`)).json()).toMatchObject({ datasets: [{ name: 'desk' }] })
  expect(await (await fetch(url)).text()).toContain('Refold')
  desk.kill('SIGINT')
  expect(await exit).toEqual([0, null])
  rmSync(folder, { recursive: true })
}, 240_000)
