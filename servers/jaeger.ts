import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { messageOf } from '../src/errors.ts'
import { freePorts } from './free-ports.ts'
import { killAtExit } from './kill-at-exit.ts'

const run = promisify(execFile)
const CACHE = resolve(import.meta.dirname, '../.cache/jaeger')
const VERSION = 'v1.76.0'
const PROGRAM = 'github.com/jaegertracing/jaeger/cmd/jaeger'

/** The one on the PATH, or one that Go has built here; undefined where there is none. */
export const findJaeger = async (): Promise<string | undefined> => {
  for (const path of ['jaeger', join(CACHE, 'jaeger')])
    if (
      await run(path, ['version']).then(
        () => true,
        () => false,
      )
    )
      return path
  return undefined
}

/** From its source, which the Go module proxy has: some minutes of all processors. Rejects where that cannot be. */
export const buildJaeger = async (): Promise<string> => {
  const at = { cwd: CACHE, maxBuffer: 64 * 1024 * 1024 }
  await mkdir(CACHE, { recursive: true })
  await run('go', ['mod', 'init', 'refold-jaeger'], at).catch(() => undefined)
  await run('go', ['get', '-tool', `${PROGRAM}@${VERSION}`], at)
  await run('go', ['build', '-ldflags', '-s -w', '-o', 'jaeger', PROGRAM], at)
  return join(CACHE, 'jaeger')
}

export interface Jaeger {
  /** Of OTLP over HTTP. */
  readonly endpoint: string
  /** Of its API. */
  readonly api: string
  /** What Prometheus reads. */
  readonly metrics: string
  stop(): Promise<void>
}

/** A real Jaeger, with the configuration of `deploy/` on free ports. Resolves once it is healthy. */
export const startJaeger = async (program: string, folder: string): Promise<Jaeger> => {
  const names = ['4318', '16686', '16685', '8889', '13133'] as const
  const ports = await freePorts(names.length)
  const given = await readFile(resolve(import.meta.dirname, '../deploy/jaeger.yaml'), 'utf8')
  const config = names.reduce((text, name, at) => text.replace(`0.0.0.0:${name}`, `127.0.0.1:${ports[at]}`), given)
  const path = join(folder, 'jaeger.yaml')
  await writeFile(path, config.replaceAll('/var/lib/jaeger', folder))
  const child = spawn(program, ['--config', path], { stdio: ['ignore', 'ignore', 'pipe'] })
  killAtExit(child)
  let said = ''
  child.stderr.on('data', (text: Buffer) => (said = `${said}${text.toString()}`.slice(-4_000)))
  const gone = once(child, 'exit')
  const [endpoint = '', api = '', , metrics = '', health = ''] = ports.map((port) => `http://127.0.0.1:${port}`)
  for (let tries = 0; ; tries++) {
    const isHealthy = await fetch(`${health}/status`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isHealthy) break
    if (tries > 150 || child.exitCode !== null) throw new Error(`Expected a Jaeger that is healthy, found ${messageOf(said)}`)
    await pause(200)
  }
  return {
    endpoint,
    api,
    metrics,
    async stop() {
      child.kill()
      await gone
    },
  }
}
