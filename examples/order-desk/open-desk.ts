// The desk stays open: a page to look at it, and customers who go on to come.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { customers } from './customers.ts'

const PORT = 8080
const EVERY_MS = 4_000
const SEED = 7

/** At first: one who waits for a person, one whom a limit has stopped, one with two calls at once and a carrier that fails. */
const FIRST: Readonly<Record<string, string>> = {
  'refund-2': customers.refund,
  'circles-2': customers.circles,
  'parcels-2': 'Where are my orders 17 and 19?',
}
/** One who has written a letter: a run that waits for another one. */
const LETTER = { agent: 'letter', runId: 'letter-2', input: { from: 'Ann', text: customers.refund } }
/** What if the first had asked something else? A fork, which does nothing for real. */
const OTHERWISE = {
  at: 1,
  by: 'dana',
  runId: 'refund-2-otherwise',
  message: customers.parcel,
  samples: true,
  note: 'What would have happened with other words',
}
const LATER = [customers.parcel, customers.kettle, 'Where are my orders 17 and 19?']

/** Serves the runs of the folder of the desk on this machine until Ctrl-C. `isScripted`: more customers come, which costs nothing. */
export const keepDeskOpen = async (isScripted: boolean): Promise<void> => {
  const ended = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort())
  const server = spawn(process.execPath, [...process.execArgv, ...(await serveCommand())], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { REFOLD_LOG_LEVEL: 'warn', ...process.env },
  })
  const exit = once(server, 'exit')
  ended.signal.addEventListener('abort', () => server.kill('SIGINT'))
  try {
    const url = await addressOf(server)
    console.log(`\n   The desk is open: ${url} shows its runs, as they go. Ctrl-C closes it.`)
    if (isScripted) await letCustomersCome(url, ended.signal)
  } catch (error) {
    if (!ended.signal.aborted) {
      console.error(`\n   The desk cannot stay open: ${error instanceof Error ? error.message : String(error)}`)
      process.exitCode = 1
      server.kill('SIGINT')
    }
  }
  await exit
}

const serveCommand = async (): Promise<readonly string[]> => {
  const port = String((await isFree(PORT)) ? PORT : 0)
  const config = join(import.meta.dirname, 'refold.config.ts')
  return [join(import.meta.dirname, '../../src/main.ts'), '--json', '--config', config, 'serve', '--port', port]
}

const isFree = async (port: number): Promise<boolean> => {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

/** As it says once it listens. */
const addressOf = async (server: ChildProcess): Promise<string> => {
  let said = ''
  for await (const chunk of server.stdout ?? []) {
    said += String(chunk)
    const url = /"url":\s*"([^"]+)"/.exec(said)?.[1]
    if (url !== undefined) return url
  }
  throw new Error('its service has ended before it could be reached, and the line above says why')
}

const letCustomersCome = async (url: string, signal: AbortSignal): Promise<void> => {
  const begin = (order: object): Promise<void> => post(`${url}/v1/runs`, { agent: 'order-desk', ...order }, signal)
  for (const [runId, message] of Object.entries(FIRST)) await begin({ runId, message })
  await begin(LETTER)
  await post(`${url}/v1/runs/refund-2/forks`, OTHERWISE, signal)
  for (let chance = SEED; ; chance = (chance * 48_271) % 2_147_483_647) {
    await pause(EVERY_MS, undefined, { signal })
    await begin({ message: LATER[chance % LATER.length] ?? customers.parcel })
  }
}

const post = async (url: string, order: object, signal: AbortSignal): Promise<void> => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order),
    signal,
  })
  if (!response.ok) console.error(`   A customer was sent away: ${await response.text()}`)
}
