import { AppError } from '../../errors.ts'
import { shownContent } from '../../events/content.ts'
import { sourcesText } from '../../projections/row-fork.ts'
import { applyToRunRow, unresolvedCalls, type RunRow } from '../../projections/run-index.ts'
import { age, moment } from '../amounts.ts'
import { count, counted, money } from '../../projections/amount-text.ts'
import type { CommandLine } from '../command-line.ts'
import { transcriptLines } from '../message-text.ts'
import type { Output } from '../output.ts'
import { oneLine } from '../../projections/printable.ts'
import { costLines, costsByModel } from '../run-costs.ts'
import { stateText, waitingText } from '../run-table.ts'
import { reading } from '../session.ts'
import { eventsOfRun, exportedEvent, type ReadEvent } from '../stored-events.ts'
import { timelineLines } from '../timeline.ts'
import { recordedTranscript } from '../../projections/recorded-transcript.ts'
import { messagesOf } from '../../projections/transcript.ts'

export interface ShowOptions {
  readonly transcript?: true
}

export const show = (line: CommandLine, runId: string, options: ShowOptions): Promise<void> =>
  reading(line, async (refold) => {
    const events: ReadEvent[] = []
    for await (const read of eventsOfRun(refold, runId)) events.push(read)
    const run = rowOf(events)
    const readable = events.flatMap((read) => (read.ok ? [read.event] : []))
    const costs = costsByModel(readable)
    const { output } = line
    if (output.json) {
      const { foldedRun } = await import('../../http/listed-run.ts')
      const transcript = messagesOf(recordedTranscript(readable))
      return output.document({ run: foldedRun(run), events: events.map(exportedEvent), transcript, costs })
    }
    for (const text of headLines(run, line.clock.now(), output)) await output.line(text)
    await output.line()
    for (const text of bodyLines(events, options, output)) await output.line(text)
    if (costs.length > 0) for (const text of ['', ...costLines(costs, output.width)]) await output.line(text)
  })

/** What the views say of it, or will. There is at least one event. */
const rowOf = (events: readonly ReadEvent[]): RunRow => {
  const row = events.reduce<RunRow | undefined>((before, { stored }) => applyToRunRow(before, stored), undefined)
  if (row === undefined) throw new AppError('EventLogCorrupt', 'Expected a run with events, found one without')
  return row
}

const bodyLines = (events: readonly ReadEvent[], { transcript }: ShowOptions, output: Output): string[] => {
  if (transcript !== true) return timelineLines(events, output)
  const recorded = recordedTranscript(events.flatMap((read) => (read.ok ? [read.event] : [])))
  return [
    ...transcriptLines(messagesOf(recorded), output.colours),
    ...recorded.inbox.map((parts) => `user, not read yet: ${oneLine(shownContent(parts), output.width)}`),
  ]
}

const headLines = (run: RunRow, now: number, { colours }: Output): string[] => {
  const facts = [
    `${run.agent}@${run.agentVersion}`,
    `started ${moment(run.startedAt)} (${age(now - run.startedAt)} ago)`,
    counted(run.revision + 1, 'event'),
    `turn ${run.turn}`,
    `${count(run.tokens)} tokens`,
    money(run.costMicroUsd),
  ]
  return [
    `${colours.strong(run.runId)}  ${colours.name(stateText(run))}${run.waitsFor === null ? '' : colours.attention(`  waits for ${waitingText(run)}`)}`,
    colours.faint(facts.join(' · ')),
    ...(run.fork === undefined
      ? []
      : [
          `fork of ${run.fork.runId} at ${run.fork.revision}: ${sourcesText(run.fork.counts)}${run.fork.real.length === 0 ? '' : `; REAL: ${run.fork.real.join(', ')}`}`,
        ]),
    ...(run.reason === null ? [] : [`reason: ${run.reason}`]),
    ...(run.problem === undefined ? [] : [colours.bad(`problem: ${run.problem}`)]),
    ...unreadText(run),
    ...hints(run),
  ]
}

/** Whoever is asked for a grant has to know what users have said since. */
const unreadText = ({ unread, lastText }: RunRow): string[] =>
  unread === 0 ? [] : [`unread: ${counted(unread, 'message')}, the newest: ${lastText ?? ''}`]

const hints = (run: RunRow): string[] => {
  const { runId, asked, status, paused, takenOver, waitsIn } = run
  if (status !== 'active')
    return unresolvedCalls(run).map(
      (callId) => `  nobody knows whether ${callId} has happened: refold settle ${runId} ${callId} --succeeded JSON`,
    )
  if (waitsIn !== null) return [`  refold show ${waitsIn}`]
  if (paused) return [`  refold resume ${runId}`]
  if (takenOver !== undefined && !('' in asked)) return [`  refold give-back ${runId}`, ...askedHints(run)]
  return askedHints(run)
}

const askedHints = ({ runId, asked, revision }: RunRow): string[] =>
  Object.entries(asked).map(([callId, whom]) => {
    if (whom === 'approval') return `  refold approve ${runId} ${callId} --seen ${revision}`
    return callId === ''
      ? `  refold answer ${runId} -m TEXT, or refold give-back ${runId}`
      : `  refold settle ${runId} ${callId} --succeeded JSON`
  })
