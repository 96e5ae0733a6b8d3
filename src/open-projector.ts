import { once } from 'node:events'
import { extname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Place, ReadBeside } from './consumers/projector.ts'
import { AppError, messageOf } from './errors.ts'
import type { ProjectorAnswer, ProjectorFiles } from './projector-thread.ts'
import { viewsClosed } from './views/view-decision.ts'

/** Takes events of an embedded log into its views on a thread, which begins with the first work and ends when there was none for a while. */
export interface ProjectorBeside {
  /**
   * One call at a time. Rejects with the errors of log and views, with `Closed`, and with `StoreUnavailable` where the thread itself fails, as it does
   * in an application that was put into one file. Does nothing from then on.
   */
  readonly readOn: ReadBeside
  /** When what is under way has come to the end of its transaction. */
  readonly close: () => Promise<void>
}

const EXTENSION = extname(import.meta.filename)
const PROGRAM = join(import.meta.dirname, `projector-thread${EXTENSION}`)
const SOURCES = EXTENSION === '.ts' ? ['--conditions=refold:source'] : []
const IDLE_MS = 60_000
/** By itself V8 takes several times as much. */
const YOUNG_MIB = 16

export const openProjector = (files: ProjectorFiles, program = PROGRAM): ProjectorBeside => {
  let thread: Worker | undefined
  let hasFailed = false
  let work: Promise<ProjectorAnswer> | undefined
  let rest: NodeJS.Timeout | undefined
  let isClosed = false
  const end = async (): Promise<void> => {
    clearTimeout(rest)
    const ended = thread
    thread = undefined
    await ended?.terminate()
  }
  const begin = (): Worker => {
    const begun = new Worker(program, {
      workerData: files,
      execArgv: ['--no-warnings', ...SOURCES],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
    })
    const forget = (): void => {
      if (thread === begun) thread = undefined
    }
    return begun.on('error', forget).on('exit', forget)
  }
  const ask = async (place: Place): Promise<ProjectorAnswer> => answerOf((thread ??= begin()), place)
  const failed = (cause: unknown): never => {
    hasFailed = !isClosed
    throw new AppError('StoreUnavailable', `The thread that keeps the views has failed: ${messageOf(cause)}`, { retryable: true, cause })
  }
  return {
    async readOn(place) {
      if (isClosed) throw viewsClosed()
      if (hasFailed) return undefined
      clearTimeout(rest)
      try {
        work = ask(place)
        const answer = await work.catch(failed)
        if ('isDone' in answer) return answer.isDone
        const { code, message, ...rest } = answer.failed
        throw new AppError(code, message, rest)
      } finally {
        rest = setTimeout(() => void end(), IDLE_MS).unref()
      }
    },
    async close() {
      isClosed = true
      thread?.postMessage('end')
      await work?.catch(() => undefined)
      await end()
    },
  }
}

/** The process lives on while the thread works, and not for its sake while it rests. */
const answerOf = async (thread: Worker, place: Place): Promise<ProjectorAnswer> => {
  const over = new AbortController()
  const answered = once(thread, 'message', over) as Promise<[ProjectorAnswer]>
  const gone = once(thread, 'exit', over).then(() => {
    throw new Error('it has ended without an answer')
  })
  thread.ref()
  try {
    thread.postMessage(place)
    return (await Promise.race([answered, gone]))[0]
  } finally {
    thread.unref()
    for (const left of [answered, gone]) left.catch(() => undefined)
    over.abort()
  }
}
