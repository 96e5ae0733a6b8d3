import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface Ran {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number | null
  readonly signal: string | null
}

interface How {
  readonly stdin?: string
  /** The clerk's by default, and none for ''. */
  readonly config?: string
  readonly environment?: Readonly<Record<string, string>>
  /** It is asked to end once its standard error fits. */
  readonly endsAt?: RegExp
}

/** A folder of its own, in which the real program is run. */
export interface Place {
  readonly folder: string
  refold(command: string, how?: How): Promise<Ran>
  /** The JSON on stdout of a command that succeeds. */
  json<Document>(command: string, how?: How): Promise<Document>
  /** Starts the program and reads its lines until one fits, then interrupts it. */
  until(command: string, fits: (line: string, lines: readonly string[]) => boolean): Promise<Ran>
  /** Another one with all that is in this one. */
  copy(): Place
  /** Ends what a failed test has left running. */
  remove(): void
}

/** As it is built: from its sources each command would take twice as long to start. */
const main = resolve(import.meta.dirname, '../../dist/main.js')

export const configs = {
  clerk: fileURLToPath(import.meta.resolve('./clerk.config.ts')),
  changedForm: fileURLToPath(import.meta.resolve('./changed-form.config.ts')),
  nextClerk: fileURLToPath(import.meta.resolve('./next-clerk.config.ts')),
  vendors: fileURLToPath(import.meta.resolve('./vendors.config.ts')),
  withoutForm: fileURLToPath(import.meta.resolve('./without-form.config.ts')),
}

/** Words are separated by blanks; a word in single quotes may hold some. */
const wordsOf = (command: string): string[] => [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')

export const newPlace = (): Place => placeAt(mkdtempSync(join(tmpdir(), 'refold-cli-')))

const placeAt = (folder: string): Place => {
  const children = new Set<ChildProcessWithoutNullStreams>()
  const start = (command: string, { config = configs.clerk, environment = {} }: How = {}): ChildProcessWithoutNullStreams => {
    const configured = config === '' ? [] : ['--config', config]
    const { PATH = '', HOME = '' } = process.env
    const child = spawn(process.execPath, [main, ...wordsOf(command), ...configured], {
      cwd: folder,
      env: { PATH, HOME, REFOLD_LOG_LEVEL: 'silent', ...environment },
    })
    child.on('close', () => children.delete(child))
    children.add(child)
    return child
  }
  const refold: Place['refold'] = async (command, how = {}) => {
    const child = start(command, how)
    const ran = ending(child, how.endsAt)
    child.stdin.end(how.stdin ?? '')
    return ran
  }
  return {
    folder,
    refold,
    async json<Document>(command: string, how?: How) {
      const { stdout, stderr, exitCode } = await refold(`${command} --json`, how)
      if (exitCode !== 0) throw new Error(`refold ${command} ended with ${exitCode}: ${stderr}`)
      return JSON.parse(stdout) as Document
    },
    async until(command, fits) {
      const child = start(command)
      const ran = ending(child)
      const lines: string[] = []
      for await (const line of createInterface({ input: child.stdout })) {
        lines.push(line)
        if (fits(line, lines)) child.kill('SIGINT')
      }
      return ran
    },
    copy() {
      const copy = newPlace()
      cpSync(folder, copy.folder, { recursive: true })
      // A copy has the modes of the umask.
      if (existsSync(join(copy.folder, 'data'))) chmodSync(join(copy.folder, 'data'), 0o700)
      return copy
    },
    remove: () => {
      for (const child of children) child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const ending = async (child: ChildProcessWithoutNullStreams, endsAt?: RegExp): Promise<Ran> => {
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
    if (endsAt?.test(stderr) === true && !child.killed) child.kill('SIGTERM')
  })
  const [exitCode, signal] = (await once(child, 'close')) as [number | null, string | null]
  return { stdout, stderr, exitCode, signal }
}
