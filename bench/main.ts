// What Refold costs: durable steps of the agent loop beside the floors of the disk and of SQLite, replay, disk space, looks at the past.
// Run: npm run bench [-- --json] [-- --quick] [-- --in <directory>]
// With --page: what people wait for at the page of the debugger, in a real Chromium.
// With --servers: the production backbone instead, on servers that are started for it (needs java and mvn). --markdown prints a table for a page.
import { parseArgs } from 'node:util'
import { measureDiskSpace } from './disk-space.ts'
import { measureGrowth } from './growth.ts'
import { measureHistory } from './history.ts'
import { thisMachine } from './machine.ts'
import { measureManyRuns } from './many-runs.ts'
import { measureOneRun, type OneRun } from './one-run.ts'
import { takeNamedServer } from './on-servers.ts'
import { measurePage } from './page.ts'
import { pageJson, pageMarkdown, pageTable, type PageReport } from './page-report.ts'
import { HEADLINE_TURNS, jsonLine, table, type Results } from './report.ts'
import { measureServers } from './servers.ts'
import { serversJson, serversMarkdown, serversTable, type ServerReport } from './servers-report.ts'
import { inTemporaryFolder } from './workshop.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    in: { type: 'string' },
    servers: { type: 'boolean' },
    page: { type: 'boolean' },
    markdown: { type: 'boolean' },
  },
})
const quick = values.quick === true
const eventStore = takeNamedServer()
const shortRuns = 10
const rounds = (most: number, withinMs: number) => (quick ? { least: 1, most: 3, withinMs: withinMs / 10 } : { least: 2, most, withinMs })

const progress = (what: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${what}`)
}

const measureAll = async (folder: string): Promise<Results> => {
  const began = performance.now()
  const machine = thisMachine()
  const oneRuns: OneRun[] = []
  for (const turns of quick ? [HEADLINE_TURNS] : [shortRuns, HEADLINE_TURNS, 200]) {
    progress(`one run of ${turns} turns`)
    oneRuns.push(await measureOneRun(folder, turns, rounds(25, 8_000)))
  }
  progress('a hundred runs at once')
  const hundredRuns = await measureManyRuns(folder, { runs: 100, turns: shortRuns }, rounds(15, 8_000))
  progress('a thousand runs at once')
  const thousandRuns = await measureManyRuns(folder, { runs: 1_000, turns: quick ? 2 : 4 }, rounds(9, 12_000))
  progress('early and late steps')
  const growth = await measureGrowth(folder, rounds(15, 8_000))
  progress('space on disk')
  const disk = await measureDiskSpace(folder, shortRuns, quick ? 1 : 3)
  progress('a run of 10,000 events')
  const history = await measureHistory(folder, rounds(9, 8_000))
  progress('')
  const seconds = Math.round((performance.now() - began) / 1_000)
  return { machine: { ...machine, loadAtEnd: thisMachine().load, seconds }, oneRuns, hundredRuns, thousandRuns, growth, disk, ...history }
}

const reportOfServers = async (folder: string): Promise<ServerReport> => {
  const began = performance.now()
  const machine = thisMachine()
  const results = await measureServers({ folder, quick, eventStore, progress })
  progress('')
  const seconds = Math.round((performance.now() - began) / 1_000)
  return { machine: { ...machine, loadAtEnd: thisMachine().load, seconds }, ...results }
}

const reportOfPage = async (folder: string): Promise<PageReport> => {
  const began = performance.now()
  const machine = thisMachine()
  const results = await measurePage({ folder, quick, progress })
  progress('')
  const seconds = Math.round((performance.now() - began) / 1_000)
  return { machine: { ...machine, loadAtEnd: thisMachine().load, seconds }, ...results }
}

if (values.page === true) {
  const report = await inTemporaryFolder(values.in, reportOfPage)
  console.log(values.json === true ? pageJson(report) : values.markdown === true ? pageMarkdown(report) : pageTable(report))
} else if (values.servers === true) {
  const report = await inTemporaryFolder(values.in, reportOfServers)
  console.log(values.json === true ? serversJson(report) : values.markdown === true ? serversMarkdown(report) : serversTable(report))
} else {
  const results = await inTemporaryFolder(values.in, measureAll)
  console.log(values.json === true ? jsonLine(results) : table(results))
}
