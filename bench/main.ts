// What Refold costs. `npm run bench -- --help` says what can be asked for.
import { execFileSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { cases, type Measured } from './cases.ts'
import { root } from './fresh.ts'
import { thisMachine } from './machine.ts'
import { takeNamedServer } from './on-servers.ts'
import { measurePage } from './page.ts'
import { pageJson, pageMarkdown, pageTable, type PageReport } from './page-report.ts'
import { measureServers } from './servers.ts'
import { measureWholeRuns } from './server-runs.ts'
import { serversJson, serversMarkdown, serversTable, type ServerReport, wholeRunsMarkdown, wholeRunsTable } from './servers-report.ts'
import { jsonText, machineLine, markdownTable, tableText, type MeasuredOn } from './table.ts'
import { inTemporaryFolder } from './workshop.ts'

const { values } = parseArgs({
  options: {
    help: { type: 'boolean' },
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    only: { type: 'string', multiple: true },
    in: { type: 'string' },
    servers: { type: 'boolean' },
    page: { type: 'boolean' },
    markdown: { type: 'boolean' },
  },
})
const quick = values.quick === true
const eventStore = takeNamedServer()

const HELP = `npm run bench -- [options]

  --only NAME       one case, again for several:
${Object.entries(cases)
  .map(([name, { about }]) => `                      ${name.padEnd(14)} ${about}`)
  .join('\n')}
  --quick           few rounds: enough to see that nothing broke, not to compare
  --json            one line of JSON: medians at fixed places, all figures with spread behind
  --markdown        a table that can be put into a page
  --in FOLDER       files there instead of the system's folder for temporary files: what is measured is that disk
  --servers         the production backbone instead; needs java and mvn, but for whole runs alone: --servers --only runs
  --page            what people wait for at the page of the debugger instead; needs a Chromium
`

const progress = (what: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${what}`)
}

const chosenCases = (): readonly string[] => {
  const names = Object.keys(cases)
  const chosen = values.only ?? names
  const wrong = chosen.find((name) => !names.includes(name))
  if (wrong !== undefined) throw new Error(`expected --only with one of ${names.join(', ')}, found ${wrong}`)
  return chosen
}

const measureCases = async (folder: string): Promise<string> => {
  const chosen = chosenCases()
  // What a process of its own runs is the package, as it would be installed.
  execFileSync(process.execPath, ['scripts/build-code.ts', '--if-stale'], { cwd: root })
  const began = performance.now()
  const machine = thisMachine()
  const found: (Measured & { readonly name: string })[] = []
  for (const name of chosen) {
    const each = cases[name]
    if (each === undefined) continue
    progress(each.about)
    found.push({ name, ...(await each.measure({ folder, quick })) })
  }
  progress('')
  const seconds = Math.round((performance.now() - began) / 1_000)
  return shown({ ...machine, loadAtEnd: thisMachine().load, seconds }, found)
}

const shown = (machine: MeasuredOn, found: readonly (Measured & { readonly name: string })[]): string => {
  if (values.json === true) {
    const headline = Object.fromEntries(found.flatMap((each) => Object.entries(each.headline)))
    return jsonText({ ...headline, machine, figures: Object.fromEntries(found.map(({ name, figures }) => [name, figures])) })
  }
  const rows = found.flatMap((each) => each.rows)
  const notes = found.flatMap(({ note }) => (note === undefined ? [] : [note]))
  return [machineLine(machine), '', values.markdown === true ? markdownTable(rows) : tableText(rows), ...notes].join('\n')
}

const ONLY_RUNS = 'runs'

const measureRunsOnServers = async (): Promise<string> => {
  const wrong = values.only?.find((name) => name !== ONLY_RUNS)
  if (wrong !== undefined) throw new Error(`expected --servers with --only ${ONLY_RUNS}, found ${wrong}`)
  const began = performance.now()
  const machine = thisMachine()
  const results = await measureWholeRuns({ quick, eventStore, progress })
  progress('')
  const seconds = Math.round((performance.now() - began) / 1_000)
  const report = { machine: { ...machine, loadAtEnd: thisMachine().load, seconds }, ...results }
  if (values.json === true) return jsonText(report)
  return values.markdown === true ? wholeRunsMarkdown(report) : wholeRunsTable(report)
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

if (values.help === true) console.log(HELP)
else if (values.page === true) {
  const report = await inTemporaryFolder(values.in, reportOfPage)
  console.log(values.json === true ? pageJson(report) : values.markdown === true ? pageMarkdown(report) : pageTable(report))
} else if (values.servers === true && values.only !== undefined) console.log(await measureRunsOnServers())
else if (values.servers === true) {
  const report = await inTemporaryFolder(values.in, reportOfServers)
  console.log(values.json === true ? serversJson(report) : values.markdown === true ? serversMarkdown(report) : serversTable(report))
} else console.log(await inTemporaryFolder(values.in, measureCases))
