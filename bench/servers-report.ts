import type { EventStoreAppends } from './event-store-appends.ts'
import type { CallCounts } from './counted-calls.ts'
import type { ServerResults } from './servers.ts'
import { jsonText, machineLine, markdownTable, tableText, type MeasuredOn, type Row } from './table.ts'
import type { ServerRuns, WholeRuns } from './server-runs.ts'
import type { SharedStore } from './shared-store.ts'
import type { VisibleAfter } from './visible-after.ts'

export interface ServerReport extends ServerResults {
  readonly machine: MeasuredOn
}

const appendRows = ({ streams, ...figures }: EventStoreAppends): Row[] => [
  {
    what: `appends/s to ${streams === 1 ? 'one stream' : `${streams} streams at once`}, through the adapter`,
    figure: figures.appendsPerSecond,
    digits: 0,
  },
  { what: '  the bare client', figure: figures.bareAppendsPerSecond, digits: 0 },
  { what: '  adapter / bare client', figure: figures.shareOfBare, digits: 2, aim: '>= 0.8' },
  { what: '  CPU of the adapter, µs an append', figure: figures.cpuMicroseconds, digits: 0 },
  { what: '  CPU of the bare client, µs an append', figure: figures.bareCpuMicroseconds, digits: 0 },
]

const runsRows = ({ runs, turns, callsEach, ...figures }: ServerRuns): Row[] => [
  { what: `steps/s of ${counted(runs, 'run')} of ${turns} turns`, figure: figures.stepsPerSecond, digits: 0 },
  {
    what: `  appends/s of the same events by the bare client to ${counted(runs, 'stream')}`,
    figure: figures.bareAppendsPerSecond,
    digits: 0,
  },
  { what: '  steps / appends', figure: figures.shareOfBare, digits: 2, aim: '>= 0.5' },
  { what: '  ms a step', figure: figures.millisecondsEach, digits: 2 },
  { what: '  ms an append of the bare client', figure: figures.bareMillisecondsEach, digits: 2 },
  { what: '  CPU of the process, µs a step', figure: figures.cpuMicroseconds, digits: 0, aim: '<= 1,000' },
  { what: '  CPU of the bare client, µs an append', figure: figures.bareCpuMicroseconds, digits: 0 },
  ...CALLS.map(([kind, what]): Row => ({ what: `  ${what} a step`, figure: callsEach[kind], digits: 2 })),
]

const CALLS: readonly (readonly [keyof CallCounts, string])[] = [
  ['appends', 'appends'],
  ['streamReads', 'reads of a stream'],
  ['eventsRead', 'events by reads of a stream'],
  ['logReads', 'reads of the whole log'],
  ['subscriptions', 'subscriptions opened'],
  ['eventsFollowed', 'events by subscriptions to a stream'],
  ['eventsOfLog', 'events by the projector'],
  ['statements', 'statements of Postgres'],
]

const counted = (count: number, what: string): string => (count === 1 ? `one ${what}` : `${count} ${what}s at once`)

const sharedRows = ({ foreignEvents, ...figures }: SharedStore): Row[] => [
  { what: `idle sweep behind ${foreignEvents} events of others, ms`, figure: figures.idleSweepMs, digits: 1, aim: '<= 50' },
  { what: '  where they have written 100 more', figure: figures.sweepBesideOthersMs, digits: 1 },
  { what: '  openRefold, ms', figure: figures.openMs, digits: 0 },
  { what: '  openRefold before the views have passed them, ms', figure: figures.firstOpenMs, digits: 0 },
  { what: '  an existing view passes them, ms', figure: figures.catchUpMs, digits: 0 },
  { what: '  events of others passed a second', figure: figures.foreignEventsPerSecond, digits: 0 },
]

const visibleRows = (when: string, { p50, p99 }: VisibleAfter): Row[] => [
  { what: `append to view, ms, ${when}: p50`, figure: p50, digits: 1, aim: '<= 50' },
  { what: `append to view, ms, ${when}: p99`, figure: p99, digits: 1 },
]

const rowsOf = ({
  appends,
  wholeRuns,
  shared,
  subscription,
  visibleAlone,
  visibleUnderLoad,
  relay,
  consumer,
  rebuild,
}: ServerResults): Row[] => [
  ...appends.flatMap(appendRows),
  ...wholeRuns.flatMap(runsRows),
  ...sharedRows(shared),
  { what: `subscription through the adapter, events/s (of ${subscription.events})`, figure: subscription.eventsPerSecond, digits: 0 },
  { what: '  the bare client', figure: subscription.bareEventsPerSecond, digits: 0 },
  { what: '  adapter / bare client', figure: subscription.shareOfBare, digits: 2 },
  ...visibleRows('nobody else', visibleAlone),
  ...visibleRows(`beside ${visibleUnderLoad.backgroundEventsPerSecond} events/s`, visibleUnderLoad),
  { what: `relay, events/s (of ${relay.events})`, figure: relay.eventsPerSecond, digits: 0 },
  { what: '  the same messages sent by hand, 500 at once', figure: relay.bareMessagesPerSecond, digits: 0 },
  { what: '  relay / by hand', figure: relay.shareOfBare, digits: 2 },
  { what: `consumer into a view on SQLite, events/s (of ${consumer.events})`, figure: consumer.eventsPerSecond, digits: 0 },
  { what: '  the same messages read and dropped', figure: consumer.readPerSecond, digits: 0 },
  { what: '  consumer / read and dropped', figure: consumer.shareOfRead, digits: 2 },
  { what: `rebuild of a view on SQLite, events/s (of ${rebuild.events})`, figure: rebuild.rebuiltPerSecond, digits: 0, aim: '>= 20,000' },
  { what: '  the embedded view from nothing', figure: rebuild.projectedPerSecond, digits: 0, aim: '>= 20,000' },
  { what: '  the log read and dropped', figure: rebuild.readPerSecond, digits: 0 },
  { what: '  rebuild / read and dropped', figure: rebuild.rebuiltShareOfRead, digits: 2 },
]

const serversLine = ({ eventStore, kafka, eventBytes }: ServerResults): string =>
  `${eventStore}; ${kafka}; events of runs, ${eventBytes} bytes on average`

export interface WholeRunsReport extends WholeRuns {
  readonly machine: MeasuredOn
}

export const wholeRunsTable = ({ machine, eventStore, wholeRuns }: WholeRunsReport): string =>
  [machineLine(machine), eventStore, '', tableText(wholeRuns.flatMap(runsRows))].join('\n')

export const wholeRunsMarkdown = ({ machine, eventStore, wholeRuns }: WholeRunsReport): string =>
  [`${machineLine(machine)}. ${eventStore}.`, '', markdownTable(wholeRuns.flatMap(runsRows))].join('\n')

export const serversTable = (report: ServerReport): string =>
  [machineLine(report.machine), serversLine(report), '', tableText(rowsOf(report))].join('\n')

export const serversMarkdown = (report: ServerReport): string =>
  [`${machineLine(report.machine)}. ${serversLine(report)}.`, '', markdownTable(rowsOf(report))].join('\n')

/** One line of JSON: medians at the places that scripts look at, and the whole of each figure under `figures`. */
export const serversJson = ({ machine, ...figures }: ServerReport): string => {
  const { appends, wholeRuns, shared, subscription, visibleAlone, visibleUnderLoad, relay, consumer, rebuild } = figures
  return jsonText({
    appends: Object.fromEntries(
      appends.map(({ streams, shareOfBare, appendsPerSecond }) => [
        streams,
        { shareOfBare: shareOfBare.median, appendsPerSecond: appendsPerSecond.median },
      ]),
    ),
    runs: Object.fromEntries(
      wholeRuns.map(({ runs, stepsPerSecond, cpuMicroseconds, shareOfBare }) => [
        runs,
        { stepsPerSecond: stepsPerSecond.median, cpuMicroseconds: cpuMicroseconds.median, shareOfBare: shareOfBare.median },
      ]),
    ),
    shared: { foreignEvents: shared.foreignEvents, idleSweepMs: shared.idleSweepMs.median, openMs: shared.openMs.median },
    subscription: { eventsPerSecond: subscription.eventsPerSecond.median, shareOfBare: subscription.shareOfBare.median },
    visibleAlone: { p50: visibleAlone.p50.median, p99: visibleAlone.p99.median },
    visibleUnderLoad: { p50: visibleUnderLoad.p50.median, p99: visibleUnderLoad.p99.median },
    relay: { eventsPerSecond: relay.eventsPerSecond.median },
    consumer: { eventsPerSecond: consumer.eventsPerSecond.median },
    rebuild: { eventsPerSecond: rebuild.rebuiltPerSecond.median, embeddedEventsPerSecond: rebuild.projectedPerSecond.median },
    machine,
    figures,
  })
}
