// The order desk on servers: EventStoreDB, Kafka and Postgres, a relay, a projector, the HTTP service and two workers.
// It ends with 1 where a run ends in another state than embedded.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { customerRuns } from '../../examples/order-desk/customers.ts'
import { DESK_FOLDER } from '../../examples/order-desk/desk.ts'
import { FINAL_STATES, finalStates } from '../../examples/order-desk/final-states.ts'
import { fileShop } from '../../examples/order-desk/shop.ts'
import { startDeskProcesses } from './desk-processes.ts'
import { startDeskServers, type DeskServers } from './desk-servers.ts'
import { say, tellStory } from './story-on-servers.ts'

const EMBEDDED = resolve(import.meta.dirname, '../../examples/order-desk/main.ts')

/** The table that the embedded desk ends with. */
const embeddedStates = (folder: string): readonly string[] => {
  const { PATH = '', HOME = '' } = process.env
  const ran = spawnSync(process.execPath, ['--conditions=refold:source', EMBEDDED, '--once'], {
    cwd: folder,
    timeout: 100_000,
    encoding: 'utf8',
    env: { PATH, HOME, NO_COLOR: '1' },
  })
  if (ran.status !== 0) throw new Error(`expected the embedded desk to end well, found ${ran.status}:\n${ran.stdout}${ran.stderr}`)
  const lines = ran.stdout.split('\n')
  const first = lines.indexOf(FINAL_STATES) + 1
  return lines.slice(first, first + customerRuns.length + 1)
}

/** The table of the desk on servers, and what else was not as expected. */
const runOn = async (servers: DeskServers, folder: string): Promise<{ states: readonly string[]; problems: readonly string[] }> => {
  const processes = await startDeskProcesses(servers, folder)
  try {
    const { views, problems } = await tellStory(servers, processes)
    const states = finalStates(views, fileShop(join(folder, DESK_FOLDER)).bookings())
    return { states, problems: [...problems, ...(await processes.stop())] }
  } finally {
    await processes.stop()
  }
}

const compare = (states: readonly string[], embedded: readonly string[]): readonly string[] => {
  say(`\n${FINAL_STATES}`)
  for (const row of states) say(row)
  const differences = states.flatMap((row, at) => (row === embedded[at] ? [] : [`on servers  ${row}\nembedded    ${embedded[at] ?? ''}`]))
  if (states.length === embedded.length && differences.length === 0) say('\nThe same as embedded.')
  return differences
}

const folder = mkdtempSync(join(tmpdir(), 'refold-order-desk-'))
const servers = await startDeskServers(process.env)
try {
  for (const line of servers.lines) say(line)
  const { states, problems } = await runOn(servers, folder)
  const all = [...problems, ...compare(states, embeddedStates(mkdtempSync(join(folder, 'embedded-'))))]
  for (const problem of all) process.stderr.write(`${problem}\n`)
  if (all.length > 0) process.exitCode = 1
} finally {
  await servers.stop()
  rmSync(folder, { recursive: true, force: true })
}
