import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readEnvironment } from '../src/config.ts'
import { sha256 } from '../src/hash.ts'

const root = resolve(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(resolve(root, path), 'utf8')

interface ComposeService {
  readonly image?: string
  readonly build?: string
  readonly profiles?: readonly string[]
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly restart?: string
  readonly init?: boolean
  readonly stop_grace_period?: string
  readonly deploy?: { readonly replicas?: number }
}

interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>
  readonly volumes: Readonly<Record<string, unknown>>
}

const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose
const services = Object.entries(compose.services)
const ours = services.filter(([, { build }]) => build !== undefined)
const servers = services.filter(([, { build }]) => build === undefined)
const dockerfile = read('Dockerfile')
const page = read('docs/deployment.md')

/** As compose puts them in where nobody sets them. */
const withDefaults = (text: string): string => text.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1')

const environmentOf = ({ environment = {} }: ComposeService): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, withDefaults(value)]))

/** Every variable of Refold that config.ts knows. */
const known = new Set([...read('src/config.ts').matchAll(/^ {2}([A-Z][A-Z_]+): \w/gm)].map(([, name = '']) => name))

const refold = (...words: readonly string[]) => {
  const { PATH = '', HOME = '' } = process.env
  return spawnSync(process.execPath, ['--conditions=refold:source', 'src/main.ts', ...words], {
    cwd: root,
    encoding: 'utf8',
    env: { PATH, HOME },
  })
}

describe('docker-compose.yml', () => {
  test('has the three servers, two workers, a relay, a projector and the service', () => {
    expect(servers.flatMap(([name, { profiles }]) => (profiles === undefined ? [name] : []))).toEqual(['eventstore', 'kafka', 'postgres'])
    expect(Object.fromEntries(ours.map(([name, { command = [], deploy }]) => [name, [command[0], deploy?.replicas ?? 1]]))).toEqual({
      relay: ['relay', 1],
      projector: ['project', 1],
      worker: ['worker', 2],
      service: ['serve', 1],
      tracer: ['tracer', 1],
    })
  })

  test('offers a current KurrentDB beside EventStoreDB 24, which all processes use where it is named', () => {
    const { eventstore, kurrentdb } = compose.services
    expect([eventstore?.image, kurrentdb?.image]).toEqual([
      expect.stringMatching(/^eventstore\/eventstore:24\./) as string,
      expect.stringMatching(/^kurrentplatform\/kurrentdb:26\./) as string,
    ])
    expect(kurrentdb?.profiles).toEqual(['kurrentdb'])
    const settings = (service: ComposeService | undefined, prefix: string): string[] =>
      Object.keys(service?.environment ?? {}).map((name) => name.replace(prefix, ''))
    expect(settings(kurrentdb, 'KURRENTDB_')).toEqual(settings(eventstore, 'EVENTSTORE_'))
    for (const [, { environment }] of ours) {
      expect(environment?.['REFOLD_EVENTSTORE']).toContain('esdb://${EVENT_STORE:-eventstore}:2113')
    }
    expect(page).toContain('EVENT_STORE=kurrentdb docker compose --profile kurrentdb up')
  })

  test('offers a Jaeger with a tracer beside it, and with the configuration that was tried', () => {
    const { jaeger, tracer } = compose.services
    expect([jaeger?.profiles, tracer?.profiles]).toEqual([['traces'], ['traces']])
    const config = parse(read('deploy/jaeger.yaml')) as Readonly<Record<string, unknown>>
    expect(config).toMatchObject({ receivers: { otlp: { protocols: { http: { endpoint: '0.0.0.0:4318' } } } } })
    expect(tracer?.environment?.['REFOLD_OTLP_ENDPOINT']).toBe('http://jaeger:4318')
    expect(page).toContain('docker compose --profile traces up')
  })

  test.each(ours)('gives %s a command and options that exist, and a configuration that is in the image', (_, { command = [] }) => {
    const [name = '', ...words] = command
    const { status, stdout } = refold(name, '--help')
    expect(status).toBe(0)
    for (const option of words.filter((word) => word.startsWith('--'))) expect(stdout).toContain(option)
    const config = words[words.indexOf('--config') + 1] ?? ''
    expect(existsSync(resolve(root, config))).toBe(true)
    expect(dockerfile).toMatch(/^COPY examples\/order-desk /m)
  })

  test.each(ours)('gives %s an environment that Refold takes', (_, { environment = {} }) => {
    const given = environmentOf({ environment })
    const needs = ['REFOLD_EVENTSTORE', 'REFOLD_KAFKA', 'REFOLD_POSTGRES'] as const
    expect(() => readEnvironment(given, needs)).not.toThrow()
    expect(Object.keys(given).filter((name) => name.startsWith('REFOLD_') && !known.has(name))).toEqual([])
  })

  test.each(ours)('lets %s stop in time, passes signals on, and starts it after its servers', (_, service) => {
    const { REFOLD_DRAIN_SECONDS, REFOLD_GRACE_SECONDS } = readEnvironment(environmentOf(service))
    expect(Number.parseInt(service.stop_grace_period ?? '', 10)).toBeGreaterThan(REFOLD_DRAIN_SECONDS + REFOLD_GRACE_SECONDS + 5)
    expect(service.init).toBe(true)
    for (const server of ['eventstore', 'kafka', 'postgres']) expect(service.depends_on?.[server]).toEqual({ condition: 'service_healthy' })
  })

  test.each(services)('restarts %s, opens its ports on this machine only, and keeps its data in a volume that exists', (_, service) => {
    expect(service.restart).toBe('unless-stopped')
    expect((service.ports ?? []).filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([])
    const volumes = (service.volumes ?? []).map((volume) => volume.split(':')[0] ?? '')
    expect(volumes.length).toBeGreaterThan(0)
    expect(volumes.filter((volume) => !(volume in compose.volumes))).toEqual([])
  })

  test.each(servers)('says when %s is healthy, and names its version', (_, { image = '', healthcheck }) => {
    expect(image).toMatch(/:\d+\.\d+/)
    expect(healthcheck?.test.length).toBeGreaterThan(1)
  })

  test('knows the hash of the key that the documents use', () => {
    const given = withDefaults(compose.services['service']?.environment?.['DESK_KEY_SHA256'] ?? '')
    expect(given).toBe(sha256('only-for-trials'))
    expect(page).toContain('only-for-trials')
    expect(read('.github/workflows/ci.yml')).toContain('only-for-trials')
  })
})

describe('the image', () => {
  test('sets variables that exist, and asks for health where they say', () => {
    const [, set = ''] = /^ENV (.+)$/m.exec(dockerfile) ?? []
    const variables = Object.fromEntries(set.split(' ').map((pair) => pair.split('=') as [string, string]))
    expect(Object.keys(variables).filter((name) => !known.has(name))).toEqual([])
    expect(() => readEnvironment(variables)).not.toThrow()
    expect(dockerfile).toMatch(/HEALTHCHECK[^]*REFOLD_HEALTH_PORT[^]*\/readyz/)
    expect(dockerfile).toContain(`EXPOSE 8080 ${variables['REFOLD_HEALTH_PORT']}`)
  })

  test('runs as a user without rights, on the version of Node that the package asks for', () => {
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } }
    const [, major = ''] = /(\d+)/.exec(engines.node) ?? []
    for (const [, version] of dockerfile.matchAll(/^FROM node:(\d+)/gm)) expect(version).toBe(major)
    expect(dockerfile.lastIndexOf('\nUSER node')).toBeGreaterThan(dockerfile.lastIndexOf('\nFROM '))
  })

  test('is given every file that it copies, and nothing else', () => {
    const allowed = read('.dockerignore')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []))
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = '']) => names.split(' '))
    expect(copied.filter((path) => !existsSync(resolve(root, path)))).toEqual([])
    expect([...new Set(copied)].sort()).toEqual([...allowed].sort())
  })

  test('holds all that the package publishes', () => {
    const { files } = JSON.parse(read('package.json')) as { files: readonly string[] }
    const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))
    expect(files.filter((path) => !last.includes(path))).toEqual([])
  })
})

describe('the continuous integration', () => {
  const workflow = parse(read('.github/workflows/ci.yml')) as {
    readonly on: { readonly schedule?: readonly { readonly cron: string }[] }
    readonly jobs: Readonly<
      Record<string, { readonly env?: object; readonly steps: readonly { readonly uses?: string; readonly run?: string }[] }>
    >
  }
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps)

  test('uses actions of one version each', () => {
    const used = steps.flatMap(({ uses }) => (uses === undefined ? [] : [uses]))
    expect(used.filter((action) => !/@v\d+\.\d+\.\d+$/.test(action))).toEqual([])
  })

  test('asks for known holes in what the package installs, at every push and every week', () => {
    const commands = workflow.jobs['dependencies']?.steps.flatMap(({ run }) => (run === undefined ? [] : [run]))
    expect(commands?.slice(1)).toEqual(['npm audit --omit=dev --audit-level=high', 'npm audit signatures'])
    expect(workflow.on.schedule).toEqual([{ cron: expect.stringMatching(/^\d+ \d+ \* \* [0-6]$/) as string }])
  })

  test('runs scripts, tests and services that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const commands = steps.flatMap(({ run }) => (run === undefined ? [] : [run]))
    const named = commands.flatMap((command) => [...command.matchAll(/npm run ([\w:-]+)/g)].map(([, script = '']) => script))
    expect(named.filter((script) => scripts[script] === undefined)).toEqual([])
    const wanted = commands.flatMap((command) => (/vitest run (.+)/.exec(command)?.[1] ?? '').split(' ').filter((part) => part !== ''))
    const tests = readdirSync(resolve(root, 'test'), { recursive: true, encoding: 'utf8' })
    expect(wanted.length).toBeGreaterThan(0)
    expect(wanted.filter((part) => !tests.some((path) => path.includes(part)))).toEqual([])
    const up = commands.flatMap((command) =>
      [...command.matchAll(/--wait ([a-z ]+)/g)].flatMap(([, names = '']) => names.trim().split(' ')),
    )
    expect(up.filter((name) => compose.services[name] === undefined)).toEqual([])
  })

  test('tests against the servers of docker-compose.yml, by variables that the tests read', () => {
    const variables = Object.keys(workflow.jobs['composed-servers']?.env ?? {})
    const readByTests = ['test/kafka/test-kafka.ts', 'test/eventstoredb/real-server.ts', 'servers/postgres.ts'].map(read).join('')
    expect(variables).toHaveLength(3)
    expect(variables.filter((name) => !readByTests.includes(`'${name}'`))).toEqual([])
  })
})

describe('the page about deployment', () => {
  test('names variables of Refold that exist', () => {
    const named = [...page.matchAll(/\b(REFOLD_(?!TEST_)[A-Z_]+)\b/g)].map(([, name = '']) => name)
    expect(named.filter((name) => !known.has(name))).toEqual([])
  })

  test('names every server, every process and every topic', () => {
    for (const [name] of services) expect(page.toLowerCase()).toContain(name)
    for (const topic of [...read('src/consumers/topics.ts').matchAll(/`\$\{prefix\}(\.[a-z.]+)`/g)].map(([, rest = '']) => rest))
      expect(page).toContain(`refold${topic}`)
  })
})
