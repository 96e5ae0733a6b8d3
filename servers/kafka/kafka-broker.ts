import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, rename, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { killAtExit } from '../kill-at-exit.ts'
import { brokerSettings, type BrokerPlace } from './broker-settings.ts'
import type { KafkaVersion } from './kafka-jars.ts'

/** One real broker, on this machine. */
export interface KafkaBroker {
  /** SIGKILL; its files stay. Resolves once the process is gone. */
  kill(): Promise<void>
  /** SIGTERM: it hands over what it leads and ends. Resolves once the process is gone. */
  terminate(): Promise<void>
  /** SIGSTOP: it goes on listening, but nothing runs any more. */
  freeze(): void
  thaw(): void
  /** Begins (again) on its files and ports. Resolves once it serves. */
  start(): Promise<void>
}

const run = promisify(execFile)

/** Makes its files; it does not run yet. */
export const kafkaBroker = async (version: KafkaVersion, jars: string, place: BrokerPlace): Promise<KafkaBroker> => {
  const settings = join(place.folder, 'server.properties')
  await writeFile(settings, brokerSettings(place))
  const java = [...JVM, ...logging(version), '-cp', join(jars, '*')]
  const formatted = `${jars}-formatted-${place.nodeId}`
  if (!existsSync(formatted)) await format(java, settings, formatted)
  await cp(formatted, join(place.folder, 'data'), { recursive: true })

  let server: ChildProcess | undefined
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const gone = new Promise((resolve) => server?.once('exit', resolve))
    server.kill(signal)
    await gone
  }
  return {
    async start() {
      server = spawn('java', [...java, 'kafka.Kafka', settings], { stdio: ['ignore', 'pipe', 'pipe'] })
      killAtExit(server)
      await serving(server)
    },
    kill: () => end('SIGKILL'),
    terminate: () => end('SIGTERM'),
    freeze: () => void server?.kill('SIGSTOP'),
    thaw: () => void server?.kill('SIGCONT'),
  }
}

/** What a broker begins on, made once for all of them: another start of Java costs a second or more. */
const format = async (java: readonly string[], settings: string, kept: string): Promise<void> => {
  await run('java', [...java, 'kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', settings])
  await rename(join(dirname(settings), 'data'), kept).catch((error: unknown) => {
    if (!existsSync(kept)) throw error
  })
}

/** Any 16 bytes in base64. */
const CLUSTER_ID = 'cmVmb2xkLXRlc3RzLWthZg'
const JVM = ['-Xms128m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']

const logging = (version: KafkaVersion): string[] =>
  version.startsWith('3.')
    ? [`-Dlog4j.configuration=file:${resolve(import.meta.dirname, 'log4j.properties')}`]
    : [`-Dlog4j2.configurationFile=${resolve(import.meta.dirname, 'log4j2.properties')}`]

const LONGEST_START_MS = 60_000

/** Resolves with the broker's own word that it serves. */
const serving = (server: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    let said = ''
    const giveUp = setTimeout(() => {
      reject(new Error(`expected a Kafka broker within ${LONGEST_START_MS} ms, found only this:\n${said}`))
    }, LONGEST_START_MS)
    const listen = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-4_000)
      if (!said.includes('Kafka Server started')) return
      clearTimeout(giveUp)
      resolve()
    }
    server.stdout?.on('data', listen)
    server.stderr?.on('data', listen)
    server.once('exit', (code) => {
      clearTimeout(giveUp)
      reject(new Error(`the Kafka broker ended with ${String(code)}:\n${said}`))
    })
  })
