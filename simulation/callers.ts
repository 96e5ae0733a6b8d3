import { isSaidAlready } from '../src/fold/doubts.ts'
import type { RunState } from '../src/fold/run-state.ts'
import { newScore } from '../src/fold/scores.ts'
import type { RunStanding } from '../src/fold/run-view.ts'
import { isAppError, messageOf } from '../src/errors.ts'
import type { Command } from '../src/fold/decide.ts'
import type { StartOptions } from '../src/runtime/commands/start-run.ts'
import type { Auditor } from './auditor.ts'
import type { Chance } from '../src/evals/statistics/chance.ts'
import type { Code } from './code.ts'
import type { Deed } from './tally.ts'
import type { VirtualTime } from './virtual-time.ts'
import { isMisfortune, type Worker } from './worker.ts'

/** What somebody wants of a run: under one command id, however often it has to be said. */
export type CallerRequest =
  | {
      readonly runId: string
      readonly start: string
      readonly options: StartOptions
      /** Of an earlier request that this one repeats. */ readonly commandId?: string | undefined
    }
  | { readonly runId: string; readonly command: Command }

/** The callers from outside: they say again what was not answered, sometimes even what was, and remember what they were told. */
export interface Callers {
  send(request: CallerRequest): void
  /** What they were told, against what the log says. */
  audit(): void
}

export interface CallersParts {
  readonly time: VirtualTime
  readonly chance: Chance
  readonly auditor: Auditor
  readonly workers: () => readonly Worker[]
  /** What their command ids begin with. */
  readonly name: string
  readonly tell: (line: () => string) => void
  readonly count: (deed: Deed) => void
  mayDiffer(code: Code): boolean
}

interface Told {
  readonly request: CallerRequest
  readonly commandId: string
  /** Whether it is said again until it is answered. */
  readonly isStubborn: boolean
  granted: number
  refused: number
  unanswered: number
  /** A settlement that the log holds, whoever has said it. */
  wasSaid: boolean
}

const PATIENCE_MS = 8_000
const MOST_TRIES = 4

export const createCallers = (parts: CallersParts): Callers => {
  const { time, chance, auditor, tell, count } = parts
  const all: Told[] = []

  const say = (told: Told, tries: number): void => {
    const workers = parts.workers()
    const worker = workers[chance.below(workers.length)]
    const again = (delayMs: number): void => {
      if (told.isStubborn && tries < MOST_TRIES) time.schedule(delayMs, () => told.granted === 0 && say(told, tries + 1))
    }
    if (worker === undefined) return again(chance.between(200, 2_000))
    tell(() => `caller: ${told.commandId} ${describe(told.request)} to ${worker.life.owner}`)
    told.unanswered += 1
    time.schedule(PATIENCE_MS, () => told.granted + told.refused === 0 && chance.hits(0.7) && again(0))
    perform(worker, told).then(
      (granted) => {
        told.unanswered -= 1
        told.granted += 1
        if (isSaid(told.request, granted) || wasThere(auditor, told.request)) told.wasSaid = true
        if ('chart' in granted) auditor.compare(granted, worker.life.owner)
      },
      (error: unknown) => {
        told.unanswered -= 1
        if (isOfCode(error) && parts.mayDiffer(worker.code)) {
          count('noticedChanges')
          tell(() => `caller: ${told.commandId} meets other code: ${messageOf(error)}`)
          return again(chance.between(50, 3_000))
        }
        if (isAppError(error, 'NotPossible') && 'command' in told.request && told.request.command.type === 'move') count('refusedMoves')
        // The process has closed before the log said what became of it.
        if (isAppError(error, 'OutcomeUnknown')) told.unanswered += 1
        else told.refused += 1
        tell(() => `caller: ${told.commandId} was refused: ${messageOf(error)}`)
        if (isMisfortune(error)) return again(chance.between(50, 3_000))
        if (!isAppError(error, 'NotPossible'))
          auditor.problems.push(`${told.commandId} ${describe(told.request)} was refused: ${messageOf(error)}`)
      },
    )
  }

  const check = (told: Told): void => {
    const { commandId, request, granted, refused, unanswered } = told
    const types = [...auditor.books.granted(commandId)]
    const most = Math.max(0, ...types.map(([, times]) => times))
    const complain = (what: string): void =>
      void auditor.problems.push(`${commandId} ${describe(request)} ${what}: ${JSON.stringify(types)}`)
    if (most > 1) complain('was granted more than once')
    if (granted > 0 && most === 0 && !told.wasSaid) complain('was granted, but it is not in the log')
    const hasMessage = 'start' in request && request.options.message !== undefined
    if (hasMessage && most > 0 && types.length < 2) complain('was granted without its message')
    const isRepeated = 'start' in request && request.commandId !== undefined
    if (!isRepeated && granted === 0 && unanswered === 0 && refused > 0 && most > 0) complain('was refused, but it is in the log')
  }

  return {
    send(request) {
      const told: Told = {
        request,
        commandId: ('start' in request ? request.commandId : undefined) ?? `${parts.name}-${all.length}`,
        isStubborn: chance.hits(0.65),
        granted: 0,
        refused: 0,
        unanswered: 0,
        wasSaid: false,
      }
      all.push(told)
      say(told, 1)
      if (chance.hits(0.15)) time.schedule(chance.between(0, 500), () => say(told, 1))
    },
    audit() {
      for (const told of all) check(told)
    },
  }
}

const perform = ({ runtime }: Worker, { request, commandId }: Told): Promise<RunState | RunStanding> =>
  'start' in request
    ? runtime.start(request.start, { ...request.options, runId: request.runId, commandId })
    : runtime.command(request.runId, request.command, { commandId })

/** On the version that somebody wants it, so that nothing was to be recorded. */
const wasThere = ({ runs }: Auditor, request: CallerRequest): boolean => {
  const to = 'command' in request && request.command.type === 'move' ? request.command.to : undefined
  return to !== undefined && (runs.get(request.runId)?.states.some(({ started }) => started.agentVersion === to) ?? false)
}

const CODE_ERRORS = ['ChartChanged', 'UnknownAgent', 'CodeFailed'] as const

const isOfCode = (error: unknown): boolean => CODE_ERRORS.some((code) => isAppError(error, code))

const isSaid = (request: CallerRequest, granted: RunState | RunStanding): boolean => {
  if ('start' in request || !('doubts' in granted)) return false
  if (request.command.type === 'score') return newScore(granted, request.command) === undefined
  if (request.command.type !== 'settleToolCall') return false
  const doubt = granted.doubts.get(request.command.callId)
  return doubt !== undefined && isSaidAlready(doubt, request.command.outcome)
}

const describe = (request: CallerRequest): string =>
  'start' in request ? `start ${request.start} as ${request.runId}` : `${JSON.stringify(request.command)} of ${request.runId}`
