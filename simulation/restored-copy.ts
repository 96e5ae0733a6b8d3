import { textsOf } from '../src/events/content.ts'
import { identityOf } from '../src/consumers/log-identity.ts'
import { newestRestore, placeOfViews, recordRestore } from '../src/consumers/restored-log.ts'
import { messageOf } from '../src/errors.ts'
import type { EventLog } from '../src/eventlog/event-log.ts'
import type { AuditedRun } from './auditor.ts'
import { seededChance, type Chance } from '../src/evals/statistics/chance.ts'
import { audit, begin, comeToRest, createPlay, disturb, historyOf, steps, teller, type Play, type SeedReport } from './simulate.ts'
import { newLog } from './stage.ts'
import { sumOf } from './tally.ts'

// A cluster works for a while, all of it ends, an older copy takes the place of its log, and another cluster goes on with that, in the same world.

/** So long the first cluster works, ms. */
const LONGEST_FIRST_MS = 30_000
const SECOND_CHAOS_MS = 20_000

/** Plays one seed, and says what was not as it has to be: above all, no `once` effect is had twice. */
export const simulateRestore = async (seed: number, { story: tells = false } = {}): Promise<SeedReport> => {
  const story: string[] = []
  const tell = teller(story, tells)
  const chance = seededChance(seed ^ 0x5eed)
  const first = createPlay(seed, { tell })
  const problems = first.stage.auditor.problems
  const onRejection = (error: unknown): void => void problems.push(`nobody awaits: ${messageOf(error)}`)
  process.on('unhandledRejection', onRejection)
  try {
    begin(first)
    await steps(first, first.time.now() + chance.between(1_000, LONGEST_FIRST_MS), () => false)
    first.stage.shut()
    const second = await restored(first, seed, { chance, tell })
    await goOn(first, second, chance)
    await audit(second)
    const { stage, tally } = second
    return {
      seed,
      problems: [...new Set([...problems, ...stage.auditor.problems])],
      counts: sumOf([first.tally.counts(), tally.counts()]),
      effects: stage.world.effects(),
      events: [...stage.auditor.runs.values()].reduce((sum, { events }) => sum + events.length, 0),
      history: await historyOf(stage.log),
      runs: [...stage.auditor.runs.values()],
      story,
    }
  } finally {
    process.off('unhandledRejection', onRejection)
  }
}

const restored = async (
  { stage, time }: Play,
  seed: number,
  { chance, tell }: { readonly chance: Chance; readonly tell: ReturnType<typeof teller> },
): Promise<Play> => {
  const { ends, left } = stage
  const upTo = ends[chance.below(Math.max(1, ends.length))] ?? 0
  const log = await copied(stage.log, newLog(time), upTo)
  const { views } = left
  // What nothing remembers, a person says.
  if (upTo > 0 && (await newestRestore({ log, views })) === undefined)
    await recordRestore({ log }, { ...(await placeOfViews({ log, views })), known: undefined, by: 'operator' })
  tell(time, () => `the log is a copy up to ${upTo} of ${ends.at(-1) ?? 0}`)
  const play = createPlay(seed + 1, { tell, after: { time, beginning: { ...left, log }, name: 'later-command' } })
  play.stage.recall(await historyOf(log))
  play.tally.count('restores')
  return play
}

const copied = async (from: EventLog, to: EventLog, upTo: number): Promise<EventLog> => {
  for await (const { stream, position, id, type, data, meta } of from.readAll())
    if (position <= upTo) await to.append(stream, 'any', [{ id, type, data, meta }])
  return to
}

/** Callers who have heard nothing say again what they had asked for, as far as anybody knows that it may be a repetition. */
const goOn = async (first: Play, second: Play, chance: Chance): Promise<void> => {
  const { time, stage, callers } = second
  const lost = (await identityOf(stage.log)).restores.at(-1)?.lostRuns
  stage.startAll()
  for (const run of first.stage.auditor.runs.values()) {
    const isKnown = stage.auditor.runs.has(run.runId) || lost?.has(run.runId) === true
    if (isKnown && chance.hits(0.6)) time.schedule(chance.between(0, 5_000), () => startAgain(callers, run))
  }
  const ends = time.now() + SECOND_CHAOS_MS
  disturb(second, ends)
  await comeToRest(second, ends)
}

const startAgain = (callers: Play['callers'], { runId, events }: AuditedRun): void => {
  const [started, said] = events
  if (started?.type !== 'RunStarted' || started.data.parent !== undefined) return
  const { agent: start, input } = started.data
  const message = said?.type === 'MessageReceived' && said.meta.commandId === started.meta.commandId ? textsOf(said.data.parts) : undefined
  const { commandId } = started.meta
  callers.send({
    runId,
    start,
    commandId,
    options: { ...(message === undefined ? {} : { message }), ...(input === undefined ? {} : { input }) },
  })
}
