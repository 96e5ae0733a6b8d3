import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, link, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { kafkaJars, type KafkaVersion } from './kafka-jars.ts'

/** A real broker of one node, on this machine. */
export interface KafkaBroker {
  /** `host:port` */
  readonly address: string
  /** The same broker behind TLS, for the user {@link SECURE_USER}; its certificate is that of `ca`. */
  readonly secure: { readonly address: string; readonly ca: string }
  /** SIGKILL; its files stay. Resolves once the process is gone. */
  kill(): Promise<void>
  /** Begins again on its files and ports. Resolves once it serves. */
  start(): Promise<void>
  /** SIGKILL, and its files go. */
  stop(): Promise<void>
}

const run = promisify(execFile)

export const startKafkaBroker = async (version: KafkaVersion): Promise<KafkaBroker> => {
  const jars = await kafkaJars(version)
  const folder = await mkdtemp(join(tmpdir(), 'refold-kafka-'))
  const ports = await freePorts()
  const { keyStore, ca } = await keys(dirname(jars))
  const settings = join(folder, 'server.properties')
  await writeFile(settings, properties(folder, ports, keyStore))
  const java = [...JVM, ...logging(version), '-cp', join(jars, '*')]
  await cp(await formattedStorage(version, jars, settings), join(folder, 'data'), { recursive: true })

  let server: ChildProcess | undefined
  const start = async (): Promise<void> => {
    server = spawn('java', [...java, 'kafka.Kafka', settings], { stdio: ['ignore', 'pipe', 'pipe'] })
    process.once('exit', killNow)
    await serving(server)
  }
  const killNow = (): void => {
    server?.kill('SIGKILL')
  }
  const kill = async (): Promise<void> => {
    process.off('exit', killNow)
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const gone = new Promise((resolve) => server?.once('exit', resolve))
    server.kill('SIGKILL')
    await gone
  }
  await start()
  return {
    address: `127.0.0.1:${ports.plain}`,
    secure: { address: `127.0.0.1:${ports.secure}`, ca },
    kill,
    start,
    async stop() {
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** What a broker begins on, made once for all of them: another start of Java costs a second or more. */
const formattedStorage = async (version: KafkaVersion, jars: string, settings: string): Promise<string> => {
  const kept = `${jars}-formatted`
  if (existsSync(kept)) return kept
  await run('java', [
    ...JVM,
    ...logging(version),
    '-cp',
    join(jars, '*'),
    'kafka.tools.StorageTool',
    'format',
    '-t',
    CLUSTER_ID,
    '-c',
    settings,
  ])
  await rename(join(dirname(settings), 'data'), kept).catch((error: unknown) => {
    if (!existsSync(kept)) throw error
  })
  return kept
}

/** Any 16 bytes in base64. */
const CLUSTER_ID = 'cmVmb2xkLXRlc3RzLWthZg'
const JVM = ['-Xms128m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']

const logging = (version: KafkaVersion): string[] =>
  version.startsWith('3.')
    ? [`-Dlog4j.configuration=file:${resolve(import.meta.dirname, 'log4j.properties')}`]
    : [`-Dlog4j2.configurationFile=${resolve(import.meta.dirname, 'log4j2.properties')}`]

// With the default session a broker that was killed waits 9 s for its own old registration.
const properties = (folder: string, ports: Ports, keyStore: string): string => `
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${ports.controller}
listeners=PLAINTEXT://127.0.0.1:${ports.plain},SECURE://127.0.0.1:${ports.secure},CONTROLLER://127.0.0.1:${ports.controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${ports.plain},SECURE://127.0.0.1:${ports.secure}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL
sasl.enabled.mechanisms=PLAIN
listener.name.secure.plain.sasl.jaas.config=${LOGIN_MODULE} required user_${SECURE_USER.username}="${SECURE_USER.password}";
listener.name.secure.ssl.keystore.type=PKCS12
listener.name.secure.ssl.keystore.location=${keyStore}
listener.name.secure.ssl.keystore.password=${STORE_PASSWORD}
log.dirs=${join(folder, 'data')}
num.partitions=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
`

/** Whom the secure listener lets in. */
export const SECURE_USER = { username: 'refold', password: 'only-for-tests' }
const LOGIN_MODULE = 'org.apache.kafka.common.security.plain.PlainLoginModule'
const STORE_PASSWORD = 'only-for-tests'

interface Keys {
  readonly keyStore: string
  /** PEM. */
  readonly ca: string
}

/** A certificate for this machine's own address, made once. */
const keys = async (folder: string): Promise<Keys> => {
  const keyStore = join(folder, 'broker.p12')
  const store = (path: string): string[] => ['-keystore', path, '-storetype', 'PKCS12', '-storepass', STORE_PASSWORD, '-alias', 'broker']
  if (!existsSync(keyStore)) {
    const made = join(await mkdtemp(join(folder, 'making-')), 'broker.p12')
    const subject = ['-dname', 'CN=127.0.0.1', '-ext', 'SAN=ip:127.0.0.1', '-validity', '3650']
    await run('keytool', ['-genkeypair', '-keyalg', 'EC', ...subject, ...store(made)])
    // Where another test was first, its certificate stands: a broker may have begun with it.
    await link(made, keyStore).catch(() => undefined)
    await rm(dirname(made), { recursive: true })
  }
  const { stdout } = await run('keytool', ['-exportcert', '-rfc', ...store(keyStore)])
  return { keyStore, ca: stdout }
}

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

interface Ports {
  readonly plain: number
  readonly secure: number
  readonly controller: number
}

const freePorts = async (): Promise<Ports> => {
  const servers = [createServer(), createServer(), createServer()]
  const [plain = 0, secure = 0, controller = 0] = await Promise.all(servers.map(listen))
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return { plain, secure, controller }
}

const listen = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
