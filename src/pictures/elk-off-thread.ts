import { once } from 'node:events'
import { extname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { ElkNode } from 'elkjs'
import { AppError } from '../errors.ts'
import type { Elk } from './chart-layout.ts'
import type { ElkAnswer } from './elk-thread.ts'

const PROGRAM = join(import.meta.dirname, `elk-thread${extname(import.meta.filename)}`)

/** Of one layout; that of the built-in charts takes a second or two on a busy machine. */
const LONGEST_MS = 60_000
const HEAP_MIB = 512

/** Layouts on a thread of their own, which ends with the work: meanwhile this one answers others. */
export const withElkOffThread = async <Result>(work: (elk: Elk) => Promise<Result>): Promise<Result> => {
  const thread = new Worker(PROGRAM, { execArgv: ['--no-warnings'], resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB } })
  thread.unref()
  const lost = once(thread, 'exit').then(() => {
    throw new AppError('InvalidInput', 'the thread of the layout has ended without one')
  })
  lost.catch(() => undefined)
  const failed = once(thread, 'error').then(([error]) => {
    throw error as Error
  })
  failed.catch(() => undefined)
  try {
    return await work((input) => Promise.race([layoutOn(thread, input), lost, failed]))
  } finally {
    await thread.terminate()
  }
}

const layoutOn = async (thread: Worker, input: ElkNode): Promise<ElkNode> => {
  const answered = once(thread, 'message', { signal: AbortSignal.timeout(LONGEST_MS) })
  thread.postMessage(JSON.stringify(input))
  const [answer] = (await answered) as [ElkAnswer]
  if (answer.ok) return JSON.parse(answer.layout) as ElkNode
  throw new AppError('InvalidInput', answer.message)
}
