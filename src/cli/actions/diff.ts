import { AppError } from '../../errors.ts'
import type { RecordedRunEvent } from '../../events/envelope.ts'
import type { OpenRefold } from '../../open-refold.ts'
import { count, counted, duration, money } from '../../projections/amount-text.ts'
import { oneLine } from '../../projections/printable.ts'
import { canonicalJson } from '../../json.ts'
import { diffRuns, type DiffEvent, type DiffPair, type DiffPrompt, type DiffTotals, type RunDiff } from '../../projections/run-diff.ts'
import { readRun } from '../../runtime/reading/run-reader.ts'
import type { CommandLine } from '../command-line.ts'
import type { Output } from '../output.ts'
import { reading } from '../session.ts'

export const diff = (line: CommandLine, a: string, b: string): Promise<void> =>
  reading(line, async (refold) => {
    const [left, right] = [placeIn(a), placeIn(b)]
    const found = diffRuns(await eventsUpTo(refold, left), await eventsUpTo(refold, right))
    await line.output.document({ a: left, b: right, ...found })
    if (line.output.json) return
    for (const text of [...diffLines(found, line.output), ...(await promptLines(refold, found))]) await line.output.line(text)
  })

interface Place {
  readonly runId: string
  /** Of the last event that is looked at. */
  readonly revision?: number
}

const placeIn = (text: string): Place => {
  const [, runId = text, revision] = /^(.*)@(\d{1,15})$/.exec(text) ?? []
  return { runId, ...(revision !== undefined && { revision: Number(revision) }) }
}

const eventsUpTo = async (refold: OpenRefold, { runId, revision = Infinity }: Place): Promise<RecordedRunEvent[]> => {
  const events: RecordedRunEvent[] = []
  for await (const { event } of readRun(refold, runId)) if (event.revision <= revision) events.push(event)
  const newest = events.at(-1)?.revision ?? 0
  if (revision !== Infinity && newest < revision)
    throw new AppError('InvalidInput', `Expected a revision of ${runId} between 0 and ${newest}, found ${revision}`)
  return events
}

const MARKS: Readonly<Record<DiffPair['kind'], string>> = { equal: ' ', different: '~', onlyA: '-', onlyB: '+' }

const diffLines = ({ common, partsAt, pairs, totals, isCut }: RunDiff, { colours, width }: Output): string[] => {
  if (partsAt.a === null && partsAt.b === null) return [`${counted(common, 'event')}, and no difference`, ...totalLines(totals)]
  const paint = { equal: colours.faint, different: colours.attention, onlyA: colours.bad, onlyB: colours.good }
  return [
    `${counted(common, 'event')} in common; they part at ${partsAt.a ?? 'the end'} of A and ${partsAt.b ?? 'the end'} of B`,
    ...pairs.flatMap((pair) => pairLines(pair).map((text) => paint[pair.kind](oneLine(text, width)))),
    ...(isCut ? ['… more than is compared'] : []),
    ...totalLines(totals),
  ]
}

const pairLines = ({ kind, a, b }: DiffPair): string[] => {
  if (kind === 'different' && a !== null && b !== null && a.summary !== b.summary) return [eventText('~A', a), eventText('~B', b)]
  const event = a ?? b
  return event === null ? [] : [eventText(MARKS[kind].padEnd(2), event, kind === 'onlyB' ? undefined : b)]
}

const eventText = (mark: string, event: DiffEvent, other?: DiffEvent | null): string => {
  const { revision, type, summary, source, durationMs, costMicroUsd, tokens } = event
  const revisions = other === undefined || other === null ? String(revision) : `${revision}/${other.revision}`
  const facts = [
    source ?? undefined,
    durationMs === null ? undefined : duration(durationMs),
    tokens === null ? undefined : `${count(tokens)} tokens`,
    costMicroUsd === null ? undefined : money(costMicroUsd),
  ].filter((fact) => fact !== undefined)
  return `${mark} ${revisions.padStart(5)} ${type} ${summary}${facts.length === 0 ? '' : ` [${facts.join(', ')}]`}`
}

const totalLines = ({ a, b }: RunDiff['totals']): string[] => ['', `A  ${totalText(a)}`, `B  ${totalText(b)}`]

const totalText = ({ events, modelCalls, toolCalls, tokens, costMicroUsd, durationMs }: DiffTotals): string =>
  `${events} events · ${modelCalls} model calls · ${toolCalls} tool calls · ${count(tokens)} tokens · ${money(costMicroUsd)} · ${duration(durationMs)}`

/** What the first prompts that differ have each for itself. */
const promptLines = async ({ blobs }: OpenRefold, { prompts }: RunDiff): Promise<string[]> => {
  if (prompts === null) return []
  const { a, b } = prompts
  const same = a.messages.findIndex((message, index) => canonical(message) !== canonical(b.messages[index]))
  const from = same < 0 ? Math.min(a.messages.length, b.messages.length) : same
  const fixed =
    a.promptHash === b.promptHash ? [] : await Promise.all([a, b].map(({ promptHash }) => blobs.get(promptHash).catch(() => '')))
  return [
    '',
    `The first prompts that differ: ${a.model} at ${a.revision} of A, ${b.model} at ${b.revision} of B, ${from} messages in common`,
    ...fixed.map((text, index) => `${index === 0 ? 'A' : 'B'}  instructions: ${instructionsIn(text)}`),
    ...messageLines('A', a, from),
    ...messageLines('B', b, from),
  ]
}

const canonical = (value: unknown): string => (value === undefined ? '' : canonicalJson(value))

const instructionsIn = (text: string): string => {
  const { instructions = '' } = (text === '' ? {} : JSON.parse(text)) as { readonly instructions?: string }
  return oneLine(instructions, LONGEST_MESSAGE)
}

const LONGEST_MESSAGE = 500
const MOST_MESSAGES = 10

const messageLines = (name: string, { messages }: DiffPrompt, from: number): string[] =>
  messages.slice(from, from + MOST_MESSAGES).map(({ role, parts }) => `${name}  ${role}: ${oneLine(canonical(parts), LONGEST_MESSAGE)}`)
