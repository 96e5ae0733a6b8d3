import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

/** What `bench/peers/one-process.mjs` is asked for. */
export type Job = (
  | { readonly work: 'alone'; readonly turns: number; readonly times: number; readonly lookAt?: number }
  | { readonly work: 'together' | 'begin' | 'goOn'; readonly turns: number; readonly runs: number }
) & {
  readonly product: string
  readonly folder: string
  readonly server?: Readonly<Record<string, string | number>>
  /** A file to which each call is written when it is made. */
  readonly calls?: string
  /** With which of these calls the process is killed. */
  readonly killAt?: number
}

export interface Found {
  readonly alone: { readonly msPerStep: readonly number[]; readonly cpuMsPerStep: readonly number[]; readonly lookMs: readonly number[] }
  readonly together: {
    readonly stepsPerSecond: number
    readonly cpuMsPerStep: number
    readonly peakMb: number
    readonly serverPeakMb: number
  }
  readonly begin: object
  /** In ms since the epoch. */
  readonly goOn: { readonly doneAt: number }
}

const ONE_PROCESS = resolve(import.meta.dirname, 'one-process.mjs')
const REPORT = 3
const WITHIN_MS = 5 * 60_000
const SAID_AT_MOST = 600

/** Undefined where it was killed, as it was asked for. */
export const runProcess = async <Work extends Job['work']>(
  job: Job & { readonly work: Work },
  environment: Readonly<Record<string, string>> = {},
): Promise<Found[Work] | undefined> => {
  const child = spawn(process.execPath, [ONE_PROCESS, JSON.stringify(job)], {
    cwd: job.folder,
    env: { ...process.env, ...environment, NODE_OPTIONS: '' },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  const killWithUs = (): boolean => child.kill('SIGKILL')
  process.once('exit', killWithUs)
  let isLate = false
  const late = setTimeout(() => {
    isLate = child.kill('SIGKILL')
  }, WITHIN_MS)
  const [complaint, said] = [child.stderr, child.stdio[REPORT]].map((stream) => text(stream as Readable))
  const ended = new Promise<NodeJS.Signals | null>((settle, fail) => {
    child.once('close', (_, signal) => {
      settle(signal)
    })
    child.once('error', fail)
  })
  const signal = await ended
  clearTimeout(late)
  process.off('exit', killWithUs)
  const found = await said
  if (found !== undefined && found !== '') return JSON.parse(found) as Found[Work]
  if (isLate) throw new Error(`it was not done within ${WITHIN_MS / 1_000} s`)
  if (signal === 'SIGKILL') return undefined
  throw new Error(firstError((await complaint) ?? '') || 'it has ended without a word')
}

/** Node shows the line of the source first. */
const firstError = (complaint: string): string =>
  (/^(?:\w*Error\b|.*Assertion).*$/m.exec(complaint)?.[0] ?? complaint).trim().slice(0, SAID_AT_MOST)
