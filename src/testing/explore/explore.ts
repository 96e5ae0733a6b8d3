import { AssertionError } from 'node:assert'
import { inspect, isDeepStrictEqual } from 'node:util'
import { AppError, messageOf } from '../../errors.ts'
import { RUN_STREAM_PREFIX, runIdOf } from '../../events/codec.ts'
import type { RunView } from '../../fold/run-view.ts'
import { refuseUnknownOptions, type OptionNames } from '../../known-options.ts'
import type { Models } from '../../models/model.ts'
import type { Agent } from '../../runtime/agent.ts'
import type { StartOptions } from '../../runtime/commands/start-run.ts'
import type { Run } from '../../runtime/run-handle.ts'
import { beginning } from '../../text.ts'
import { memoryStores, type TestStores } from '../memory-stores.ts'
import { openTestRefold, type TestOptions, type TestRefold } from '../test-refold.ts'
import { brokenPromises, countedEffects, type DoneEffect } from './counted-effects.ts'
import { brokenLimits } from './held-limits.ts'
import { mortalLog, type Death, type MortalLog } from './mortal-log.ts'
import { saidAnswers } from './same-answers.ts'

export interface Scenario extends Pick<TestOptions, 'models' | 'dependencies' | 'prices'> {
  /** The one that runs first, then those that it starts as child runs. */
  readonly agents: readonly [Agent, ...Agent[]]
  /** How the run begins. */
  readonly start: Omit<StartOptions, 'runId'>
  /**
   * What people do once the run waits for somebody: a command, or undefined where they leave it at that. It reads in the view how far the run is,
   * since whoever was cut off does it again.
   */
  readonly people?: ((run: Run, view: RunView) => Promise<unknown> | undefined) | undefined
  /** What there is outside at the end, such as the bookings of a ledger: it has to be the same wherever a process dies. */
  readonly outside?: (() => unknown) | undefined
}

export interface ExploreOptions {
  /** Hears of each death that was tried. */
  readonly onProgress?: ((tried: number, of: number) => void) | undefined
}

/** One death of a process, and what did not hold after it. */
export interface ExploredDeath extends Death {
  /** Types of the events that it was about to append, or had appended. */
  readonly events: readonly string[]
  /** In words. */
  readonly problems: readonly string[]
  /** Whether a person had to say what became of a call, where nobody has to when no process dies. */
  readonly askedPerson: boolean
}

export interface Exploration {
  /** Of the undisturbed run, with those of its child runs. */
  readonly appends: number
  readonly deaths: readonly ExploredDeath[]
}

const SCENARIO: OptionNames<Scenario> = {
  agents: true,
  models: true,
  dependencies: true,
  prices: true,
  start: true,
  people: true,
  outside: true,
}
const RUN = 'explored'
/** Commands of people in one run. */
const MOST_COMMANDS = 100
/** Of real time, for one step: a busy machine is no finding. */
const WITHIN_MS = 60_000
const SHOWN_DEATHS = 10
const LONGEST_VALUE = 200

/**
 * Runs a scenario to its end, then again and again: each time its process dies at another append, right before it is stored or right after, and
 * another process takes over. Afterwards the end has to be the same, what is outside too, every `once` act done at most once and no act under a
 * second key, the limits of calls held, and the record sound. Rejects with an `AssertionError` that names every death after which that does
 * not hold, and with what the scenario itself throws.
 *
 * `scenario` is called for each death, so that the agents, models and the world outside are new. Models repeat what they have said in the
 * undisturbed run; a process that takes over asks them again.
 */
export const explore = async (scenario: () => Scenario, { onProgress }: ExploreOptions = {}): Promise<Exploration> => {
  const said = saidAnswers()
  const life = (death?: Death): { readonly process: MortalLog; readonly live: () => Promise<Life> } => {
    const stores = memoryStores()
    const process = mortalLog(stores.log, death)
    return { process, live: () => liveThrough(scenario(), death === undefined ? said.listenTo : said.repeat, process, stores) }
  }
  const undisturbed = await life().live()
  const { appends } = undisturbed
  const deaths: ExploredDeath[] = []
  for (let append = 1; append <= appends; append++) {
    for (const moment of ['before', 'after'] as const) {
      const death = { append, moment }
      const { process, live } = life(death)
      const found = await afterDeath(live, undisturbed)
      deaths.push({ ...death, ...found, events: process.lastWords() })
      onProgress?.(deaths.length, 2 * appends)
    }
  }
  const bad = deaths.filter(({ problems }) => problems.length > 0)
  if (bad.length > 0) throw new AssertionError({ message: report(bad, deaths.length), actual: bad, expected: [], operator: 'explore' })
  return { appends, deaths }
}

interface Life {
  /** The run at its end as a user sees it, and what is outside. */
  readonly end: Readonly<Record<string, unknown>>
  readonly appends: number
  readonly done: readonly DoneEffect[]
  readonly askedPerson: boolean
  /** Whether it rests until a person says what became of a call. */
  readonly waitsForWord: boolean
  readonly problems: readonly string[]
}

const afterDeath = async (life: () => Promise<Life>, undisturbed: Life): Promise<Pick<ExploredDeath, 'problems' | 'askedPerson'>> => {
  try {
    const { end, done, waitsForWord, problems, ...found } = await life()
    const askedPerson = found.askedPerson && !undisturbed.askedPerson
    return {
      askedPerson,
      problems: [
        ...(waitsForWord ? [] : differences(end, undisturbed.end)),
        ...brokenPromises(done, undisturbed.done, { askedPerson }),
        ...problems,
      ],
    }
  } catch (error) {
    return { askedPerson: false, problems: [`it came to no end: ${messageOf(error)}`] }
  }
}

const differences = (end: Life['end'], expected: Life['end']): readonly string[] =>
  Object.keys(end)
    .filter((name) => !isDeepStrictEqual(end[name], expected[name]))
    .map((name) => `at the end ${name} is ${textOf(end[name])} in place of ${textOf(expected[name])}`)

const textOf = (value: unknown): string => beginning(inspect(value, { breakLength: Infinity, depth: 4 }), LONGEST_VALUE)

/** One run of the scenario, by one process, or by two of which the first one dies. */
const liveThrough = async (scenario: Scenario, hear: (models: Models) => Models, mortal: MortalLog, stores: TestStores): Promise<Life> => {
  refuseUnknownOptions('a scenario', scenario, SCENARIO)
  const effects = countedEffects()
  const { agents, models = {}, dependencies, prices } = scenario
  const options = { agents: agents.map(effects.counting), models: hear(models), dependencies, prices }
  const asked = { person: false }
  const dying = await openTestRefold({ ...options, stores: { ...stores, log: mortal.log } })
  const { promise: died, resolve } = Promise.withResolvers<undefined>()
  mortal.signal.addEventListener('abort', () => resolve(undefined))
  let refold = dying
  let view = await Promise.race([toItsEnd(dying, scenario, asked, mortal.signal), died])
  if (view === undefined) {
    refold = await dying.crash({ stores })
    view = await toItsEnd(refold, scenario, asked)
  }
  const runs = await everyRun(stores.log)
  return {
    end: { ...seen(view), outside: scenario.outside?.() },
    appends: mortal.appends(),
    done: effects.done(),
    askedPerson: asked.person,
    waitsForWord: view.unresolved.length > 0,
    problems: (await Promise.all(runs.map((runId) => problemsOf(refold, runId)))).flat(),
  }
}

const seen = ({ status, state, waitsFor, answer, output, reason }: RunView) => ({ status, state, waitsFor, answer, output, reason })

/** Until nobody does anything any more. */
const toItsEnd = async (
  refold: TestRefold,
  { agents, start, people }: Scenario,
  asked: { person: boolean },
  signal?: AbortSignal,
): Promise<RunView> => {
  const run = await refold.start(agents[0].name, { ...start, runId: RUN })
  for (let commands = 0; commands < MOST_COMMANDS; commands++) {
    const view = await refold.settle(run, { withinMs: WITHIN_MS, signal })
    if (view.unresolved.length > 0) asked.person = true
    const command = view.status === 'active' ? people?.(run, view) : undefined
    if (command === undefined) return view
    await command
  }
  throw new AppError('NotPossible', `Expected people who come to an end, found ${MOST_COMMANDS} commands`)
}

const problemsOf = async (refold: TestRefold, runId: string): Promise<readonly string[]> => {
  const verified = await refold.run(runId).verify()
  return [...(verified.ok ? [] : [verified.report]), ...brokenLimits(await refold.events(runId))]
}

const everyRun = async (log: TestStores['log']): Promise<readonly string[]> => {
  const streams = new Set<string>()
  for await (const { stream } of log.readAll({ filter: { streamPrefix: RUN_STREAM_PREFIX } })) streams.add(stream)
  return [...streams].map(runIdOf)
}

const report = (bad: readonly ExploredDeath[], tried: number): string =>
  [
    `Expected the same end wherever the process dies, found another after ${bad.length} of ${tried} deaths:`,
    ...bad
      .slice(0, SHOWN_DEATHS)
      .flatMap(({ append, moment, events, problems }) => [
        `  ${moment} append ${append} (${events.join(', ')}):`,
        ...problems.map((problem) => `    ${problem}`),
      ]),
    ...(bad.length > SHOWN_DEATHS ? [`  and ${bad.length - SHOWN_DEATHS} more`] : []),
  ].join('\n')
