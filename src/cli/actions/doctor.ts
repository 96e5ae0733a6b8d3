import { existsSync } from 'node:fs'
import { readEnvironment, type Environment } from '../../config.ts'
import { isAppError, isUnavailable, type AppError } from '../../errors.ts'
import type { OpenRefold } from '../../open-refold.ts'
import { present } from '../../present.ts'
import type { CommandLine } from '../command-line.ts'
import { loadConfig } from '../config-file.ts'
import type { RefoldConfig } from '../define-config.ts'
import { checkDatasets } from '../doctor/check-datasets.ts'
import { checkEvents } from '../doctor/check-events.ts'
import { checkHeads, headsOfExport, headsOfViews, checkRestores, type KnownHeads } from '../doctor/check-heads.ts'
import { checkFolder, checkNode } from '../doctor/check-host.ts'
import { checkAgents, checkStuck } from '../doctor/check-runs.ts'
import { checkEventStore, checkReaders } from '../doctor/check-servers.ts'
import { checkTraces } from '../doctor/check-traces.ts'
import { examinedLines, type Examined } from '../doctor/examined.ts'
import { newFindings, type Finding, type Findings } from '../doctor/findings.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Output } from '../output.ts'
import { openForReading } from '../session.ts'

export interface DoctorOptions {
  readonly export?: string
}

interface Examining {
  readonly findings: Findings
  readonly exported: KnownHeads | undefined
}

export const doctor = async (line: CommandLine, options: DoctorOptions): Promise<void> => {
  const exported = options.export === undefined ? undefined : await headsOfExport(options.export)
  const config = await loadConfig(line.cwd, line.configFile)
  const findings = newFindings()
  const examined = await examine(line, config, { findings, exported })
  const all = findings.all()
  const hasProblem = all.some(({ severity }) => severity === 'problem')
  await line.output.document({ ok: !hasProblem, examined, findings: all })
  if (!line.output.json) for (const text of reportLines(examined, all, line.output)) await line.output.line(text)
  if (hasProblem) line.exitWith(exitCodes.wrong)
}

const examine = async (line: CommandLine, config: RefoldConfig, examining: Examining): Promise<Examined | undefined> => {
  const environment = readEnvironment()
  const node = checkNode(examining.findings)
  return environment.REFOLD_EVENTSTORE === undefined
    ? examineFolder(line, config, { ...examining, node })
    : examineServers(line, config, { ...examining, node, environment })
}

interface OnNode extends Examining {
  readonly node: string
}

const examineFolder = async (line: CommandLine, config: RefoldConfig, examining: OnNode): Promise<Examined | undefined> => {
  const { dir } = config
  const { findings, node } = examining
  if (!existsSync(dir)) {
    findings.add({
      severity: 'problem',
      check: 'log',
      message: `There is no folder ${dir}`,
      remedy: 'Correct `dir` in the configuration, or begin: refold run AGENT',
    })
    return undefined
  }
  const freeBytes = await checkFolder(dir, findings)
  const refold = await opened(
    () => openForReading(line, config),
    reportUnopened(findings, 'Make room, or give this user the right to read; the log itself may be well.'),
  )
  if (refold === undefined) return { dir, node, freeBytes, runs: 0, events: 0 }
  if (refold.unwritable !== undefined) findings.add(unwritable(refold.unwritable))
  const examined = await examineLog(line, config, { ...examining, refold })
  return { dir, node, freeBytes, ...examined }
}

const examineServers = async (
  line: CommandLine,
  config: RefoldConfig,
  { environment, ...examining }: OnNode & { readonly environment: Environment },
): Promise<Examined | undefined> => {
  const { findings, node } = examining
  const unopened = reportUnopened(findings, 'Start the server, or correct its address; the log itself may be well.')
  const eventStore = await opened(() => checkEventStore(line, environment, findings), unopened)
  if (eventStore === undefined) return undefined
  // Nothing can be looked at without the right that is missing.
  if (findings.all().some(({ check, severity }) => check === 'rights' && severity === 'problem'))
    return { eventStore, node, runs: 0, events: 0 }
  const refold = await opened(() => openForReading(line, config), unopened)
  if (refold === undefined) return { eventStore, node, runs: 0, events: 0 }
  // Before the log is read, which takes the views along.
  const readers = await opened(() => checkReaders(line, { environment, refold, findings }), unopened)
  const examined = await examineLog(line, config, { ...examining, refold, blobPlace: 'the table refold_blobs of Postgres' })
  return { eventStore, ...readers, node, ...examined }
}

interface ExaminingLog extends Examining {
  readonly refold: OpenRefold
  readonly blobPlace?: string
}

const examineLog = async (
  line: CommandLine,
  config: RefoldConfig,
  { refold, findings, exported, blobPlace }: ExaminingLog,
): Promise<Pick<Examined, 'runs' | 'events'>> => {
  try {
    const viewed = await headsOfViews(refold.views)
    const { runs, events } = await checkEvents({ ...refold, ...present({ blobPlace }) }, findings, line.signal)
    for (const known of exported === undefined ? [viewed] : [viewed, exported]) await checkHeads(refold.log, { known, runs, findings })
    await checkRestores(refold.log, { now: line.clock.now(), findings })
    checkAgents(refold, runs.values(), findings)
    await checkStuck(refold, line.clock.now(), findings)
    await checkDatasets({ log: refold.log, clock: line.clock }, config.datasets, findings)
    await checkTraces(line, { environment: readEnvironment(), log: refold.log, findings })
    await checkModels(line, config, findings)
    return { runs: runs.size, events }
  } finally {
    await refold.close()
  }
}

const reportUnopened =
  (findings: Findings, ofServer: string) =>
  (error: AppError): void => {
    findings.add({ severity: 'problem', check: 'log', message: error.message, remedy: remedyOf(error, ofServer) })
  }

const remedyOf = (error: AppError, ofServer: string): string => {
  if (error.code === 'InvalidConfiguration') return 'Correct the environment or the configuration, as it says.'
  return isUnavailable(error) ? ofServer : 'Restore the log from a backup; `docs/errors.md` says more of each code.'
}

const unwritable = ({ message }: AppError): Omit<Finding, 'places' | 'count'> => ({
  severity: 'warning',
  check: 'log',
  message: `It can be read, but not written: ${message}`,
  remedy: 'Make room, or give this user the right to write; a copy that is only to be looked at is fine.',
})

/** Whether runs could also be performed here: looking back needs no provider and no price. */
const checkModels = async (line: CommandLine, config: RefoldConfig, findings: Findings): Promise<void> => {
  const refold = await opened(
    () => line.open({ ...config, recover: false }),
    (error) => {
      findings.add({
        severity: 'warning',
        check: 'configuration',
        message: error.message,
        remedy: 'Runs can be looked at here, but not be started or go on.',
      })
    },
  )
  await refold?.close()
}

const opened = async <Opened>(open: () => Promise<Opened>, failed: (error: AppError) => void): Promise<Opened | undefined> => {
  try {
    return await open()
  } catch (error) {
    if (!isAppError(error)) throw error
    failed(error)
    return undefined
  }
}

const reportLines = (examined: Examined | undefined, findings: readonly Finding[], { colours }: Output): string[] => [
  ...(examined === undefined ? [] : examinedLines(examined).map(colours.faint)),
  ...(findings.length === 0 ? [colours.good('All is well.')] : findings.flatMap((finding) => findingLines(finding, colours))),
]

const findingLines = (
  { severity, check, message, remedy, places, count }: Finding,
  { bad, attention, faint }: Output['colours'],
): string[] => [
  `${(severity === 'problem' ? bad : attention)(`${severity} (${check}):`)} ${message}${count > 1 ? `, ${count} times` : ''}`,
  ...(places.length === 0 ? [] : [`  at ${places.join(', ')}${count > places.length ? ` and ${count - places.length} more` : ''}`]),
  faint(`  → ${remedy}`),
]
