import { existsSync } from 'node:fs'
import { readEnvironment } from '../config.ts'
import { AppError, isUnavailable } from '../errors.ts'
import { providerIn, type Model, type Models } from '../models/model.ts'
import type { OpenRefold } from '../open-refold.ts'
import { present } from '../present.ts'
import type { Agent } from '../runtime/agent.ts'
import type { CommandLine } from './command-line.ts'
import { loadConfig } from './config-file.ts'
import type { RefoldConfig } from './define-config.ts'

/** Opens for a command that moves runs: this process performs what they owe, and no other run is taken up. */
export const atWork = async <Result>(
  line: CommandLine,
  use: (refold: OpenRefold) => Promise<Result>,
  /** Beside those of the configuration. */
  agents: readonly Agent[] = [],
): Promise<Result> => {
  const config = await loadConfig(line.cwd, line.configFile)
  const refold = await line.open({ ...config, agents: [...config.agents, ...agents], recover: false, tellAwaited: awaitedOn(line) })
  return closing(refold, async () => {
    try {
      return await use(refold)
    } finally {
      if (line.signal.aborted) await line.output.note('Finishing what is under way. Ctrl-C again leaves at once.')
    }
  })
}

/** Opens for a command that only looks: no run is moved, no model is called, and no API key is needed. */
export const reading = async <Result>(
  line: CommandLine,
  use: (refold: OpenRefold, config: RefoldConfig) => Promise<Result>,
): Promise<Result> => {
  const config = await loadConfig(line.cwd, line.configFile)
  if (isEmbedded()) requireLog(config.dir)
  const refold = await openForReading(line, config)
  return closing(refold, () => use(refold, config))
}

/** What cannot be written can still be looked at, and it is said why it may be behind. */
export const openForReading = async (line: CommandLine, config: RefoldConfig): Promise<OpenRefold> => {
  const refold = await line.open({
    ...config,
    models: uncalledModels(config),
    recover: false,
    readOnly: true,
    tellAwaited: awaitedOn(line),
  })
  const { projector, unwritable } = refold
  if (unwritable !== undefined) await line.output.note(`Opened for reading alone: ${unwritable.message}`)
  return { ...refold, projector: { ...projector, catchUp: () => asFarAsPossible(line, () => projector.catchUp()) } }
}

const awaitedOn =
  ({ output }: CommandLine) =>
  (text: string): void =>
    void output.note(text)

const asFarAsPossible = async (line: CommandLine, catchUp: () => Promise<void>): Promise<void> => {
  try {
    await catchUp()
  } catch (error) {
    if (!isUnavailable(error)) throw error
    await line.output.note(`The newest events may be missing in what is listed: ${error.message}`)
  }
}

const closing = async <Result>(refold: OpenRefold, use: () => Promise<Result>): Promise<Result> => {
  try {
    return await use()
  } finally {
    await refold.close()
  }
}

/** Otherwise the folder is not used. */
export const isEmbedded = (): boolean => readEnvironment().REFOLD_EVENTSTORE === undefined

/** Looking at a folder that is not there must not make it. */
const requireLog = (dir: string): void => {
  if (existsSync(dir)) return
  throw new AppError('EventLogUnavailable', `Expected a log in ${dir}, found no such folder. The first run makes it: refold run AGENT`, {
    details: { dir },
  })
}

const uncalled: Model = {
  isFree: true,
  call: () => Promise.reject(new AppError('NotPossible', 'This command only looks, so it calls no model')),
}

/** Every provider that the agents name, so that looking back needs none of them. They still write what they would have sent. */
const uncalledModels = ({ agents, models = {} }: RefoldConfig): Models => {
  const named = agents.flatMap(({ settings }) => settings.models.map((model) => model.slice(0, model.indexOf('/'))))
  return Object.fromEntries(
    [...Object.keys(models), ...named].map((provider) => [
      provider,
      { ...uncalled, ...present({ written: providerIn(models, provider)?.written }) },
    ]),
  )
}
