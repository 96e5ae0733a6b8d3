import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { killAtExit } from './kill-at-exit.ts'

export interface RefoldProcessOptions {
  /** As on the command line: `worker`, or `relay` and its options. */
  readonly words: readonly string[]
  /** Path of a `refold.config.ts`. */
  readonly config: string
  /** Working folder. */
  readonly folder: string
  /** Beside PATH and HOME. */
  readonly environment: Readonly<Record<string, string>>
  /** Told each line of its standard error. */
  readonly hear?: (line: string) => void
}

/** A process of Refold, as an operator starts it. */
export interface RefoldProcess {
  /** Of the operating system; it is part of the owner that claims name. */
  readonly pid: number
  /** Resolves with its first line, by which it says that it works. */
  readonly ready: Promise<string>
  /** Resolves with its exit code, or null where a signal ended it. */
  readonly gone: Promise<number | null>
  /** SIGKILL. */
  kill(): Promise<void>
  /** SIGSTOP: it is there, and nothing of it runs. */
  freeze(): void
  /** SIGCONT. */
  thaw(): void
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>
}

/** Whoever stops it waits for no load balancer. */
const NOBODY_BEFORE_IT = { REFOLD_DRAIN_SECONDS: '0' }

const root = resolve(import.meta.dirname, '..')

export const startRefoldProcess = ({ words, config, folder, environment, hear = () => undefined }: RefoldProcessOptions): RefoldProcess => {
  const { PATH = '', HOME = '' } = process.env
  const child: ChildProcess = spawn(
    process.execPath,
    ['--conditions=refold:source', join(root, 'src/main.ts'), ...words, '--config', config],
    { cwd: folder, env: { PATH, HOME, ...NOBODY_BEFORE_IT, ...environment }, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const said: string[] = []
  const { promise: ready, resolve: isReady, reject: isNot } = Promise.withResolvers<string>()
  if (child.stderr !== null) {
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line)
      hear(line)
      const told = saidToOperator(line)
      if (told !== undefined) isReady(told)
    })
  }
  const gone = once(child, 'close').then(([code]) => {
    isNot(new Error(`expected refold ${words.join(' ')} to work, found that it ended with ${String(code)}:\n${said.join('\n')}`))
    return code as number | null
  })
  ready.catch(() => undefined)
  killAtExit(child)
  const end = (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal)
    return gone
  }
  return {
    pid: child.pid ?? 0,
    ready,
    gone,
    async kill() {
      await end('SIGKILL')
    },
    freeze() {
      child.kill('SIGSTOP')
    },
    thaw() {
      child.kill('SIGCONT')
    },
    stop: () => end('SIGTERM'),
  }
}

const INFO = 30

/** What is not logged for a reason of its own: where it listens, that it works. */
const saidToOperator = (line: string): string | undefined => {
  if (!line.startsWith('{')) return line
  const { level, msg } = JSON.parse(line) as { readonly level?: number; readonly msg?: string }
  return level === INFO ? msg : undefined
}
