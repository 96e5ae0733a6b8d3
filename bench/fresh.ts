import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

// Processes that have just begun, as a user's would: the package as it is built, not its sources.

export const root = resolve(import.meta.dirname, '..')

export interface Fresh {
  /** From the call until it has ended. */
  readonly wallMs: number
  /** Of all its threads, the start of Node among it. */
  readonly cpuMs: number
  readonly peakMb: number
  /** What it wrote on standard output. */
  readonly said: string
  /** Undefined where it has killed itself. */
  readonly exitCode: number | null
}

const BYTES_PER_MB = 1_000_000
const REPORT = 3
const atItsEnd = `import { writeSync } from 'node:fs'
process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  writeSync(${REPORT}, JSON.stringify({ cpuMs: (userCPUTime + systemCPUTime) / 1000, peakKb: maxRSS }))
})`

/** Rejects where it fails, with what it said of it. */
export const freshProcess = async (parameters: readonly string[], before: readonly string[] = []): Promise<Fresh> => {
  const [program = '', ...words] = [
    ...before,
    process.execPath,
    '--import',
    `data:text/javascript,${encodeURIComponent(atItsEnd)}`,
    ...parameters,
  ]
  const began = performance.now()
  const child = spawn(program, words, { cwd: root, env: { ...process.env, NODE_OPTIONS: '' }, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] })
  const [said, complaint, report] = [child.stdout, child.stderr, child.stdio[REPORT]].map((stream) => text(stream as Readable))
  const ended = new Promise<number | null>((settle, fail) => {
    child.on('close', settle)
    child.on('error', fail)
  })
  const exitCode = await ended
  const wallMs = performance.now() - began
  if (exitCode !== null && exitCode !== 0) throw new Error(`a process for the bench failed: ${await complaint}`)
  const used = (await report) ?? ''
  const { cpuMs, peakKb } =
    used === '' ? { cpuMs: Number.NaN, peakKb: Number.NaN } : (JSON.parse(used) as { cpuMs: number; peakKb: number })
  return { wallMs, cpuMs, peakMb: (peakKb * 1_024) / BYTES_PER_MB, said: (await said) ?? '', exitCode }
}

/** What each work of `bench/fresh-process.ts` finds. */
export interface Found {
  /** Microseconds a step. */
  readonly cold: Readonly<Record<'cold' | 'warm', { readonly floor: number; readonly run: number }>>
  readonly open: { readonly openMs: number }
  readonly many: { readonly idleMb: number }
  readonly crash: object
  readonly recover: { readonly openMs: number; readonly doneMs: number }
  readonly waiting: object
  readonly idle: { readonly mb: number; readonly cpuMsEachSecond: number }
}

type Parameters = readonly (string | number)[]

export const freshWork = async <Work extends keyof Found>(
  work: Work,
  parameters: Parameters,
): Promise<Fresh & { readonly found: Found[Work] }> => {
  const fresh = await freshProcess(['--expose-gc', 'bench/fresh-process.ts', work, ...parameters.map(String)])
  return { ...fresh, found: JSON.parse(fresh.said === '' ? '{}' : fresh.said) as Found[Work] }
}

/** The same, with each flush of the disk in a file; its times mean nothing. */
export const tracedWork = (trace: string, work: keyof Found, parameters: Parameters): Promise<Fresh> =>
  freshProcess(
    ['--expose-gc', 'bench/fresh-process.ts', work, ...parameters.map(String)],
    ['strace', '-f', '-e', 'trace=fsync,fdatasync', '-o', trace],
  )
