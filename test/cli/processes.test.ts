import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import { startRefoldProcess } from '../../servers/refold-process.ts'
import { configs, newPlace, type Place } from './run-refold.ts'

const places: Place[] = []
afterEach(() => {
  for (const made of places.splice(0)) made.remove()
})
const place = (): Place => {
  const made = newPlace()
  places.push(made)
  return made
}

describe('a process of Refold', () => {
  test.each(['relay', 'project'])('%s is told all that it lacks, and does not begin', async (command) => {
    const environment = { REFOLD_POSTGRES: 'postgres://refold:b7-secret@host/db', REFOLD_HEALTH_PORT: 'x' }
    const refused = await place().refold(command, { config: 'no-such.config.ts', environment })
    expect(refused.exitCode).toBe(exitCodes.configuration)
    for (const part of [
      'REFOLD_HEALTH_PORT: ',
      'REFOLD_EVENTSTORE, REFOLD_POSTGRES: ',
      'REFOLD_KAFKA: expected brokers',
      'no-such.config.ts',
    ])
      expect(refused.stderr).toContain(part)
    expect(refused.stderr).not.toContain('b7-secret')
  })

  test('names the file of the certificate authority that it cannot read', async () => {
    const environment = { REFOLD_KAFKA: 'host:9093', REFOLD_KAFKA_CA: 'no-such.pem' }
    const refused = await place().refold('worker', { environment })
    expect(refused.exitCode).toBe(exitCodes.configuration)
    expect(refused.stderr).toContain('REFOLD_KAFKA_CA')
    expect(refused.stderr).toContain('no-such.pem')
  })

  test('works on runs of one folder without any server, and ends well when it is asked to', async () => {
    const { folder } = place()
    const worker = startRefoldProcess({ words: ['worker'], config: configs.clerk, folder, environment: {} })
    expect(await worker.ready).toBe('Working on runs')
    expect(await worker.stop()).toBe(exitCodes.ok)
  })

  test('says JSON alone on standard error where that is no terminal: how it is, what is wrong, what Node warns of and what ends it', async () => {
    const { folder, refold } = place()
    const told: string[] = []
    const begin = (config: string) =>
      startRefoldProcess({ words: ['worker'], config, folder, environment: {}, hear: (line) => void told.push(line) })
    const worker = begin(configs.clerk)
    await worker.ready
    await worker.stop()
    const warning = join(folder, 'warning.config.ts')
    const warns = "process.emitWarning('this is old')\nsetTimeout(() => { throw new Error('nobody catches this') }, 500)"
    writeFileSync(warning, `${warns}\nexport { default } from ${JSON.stringify(configs.clerk)}\n`)
    expect(await begin(warning).gone).toBe(exitCodes.internal)
    told.push(...(await refold('serve --host 0.0.0.0 --port 0')).stderr.trimEnd().split('\n'))
    const lines = told.map((line) => JSON.parse(line) as { readonly msg?: string; readonly error?: { readonly code: string } })
    const said = lines.map(({ msg, error }) => msg ?? error?.code)
    expect(said.toSorted()).toEqual([
      'Finishing what is under way. Ctrl-C again leaves at once.',
      'InvalidConfiguration',
      'Working on runs',
      'Working on runs',
      'a defect ended the process',
      'this is old',
    ])
  })

  test('finishes what is under way for the granted time, lets the rest go, and ends well', async () => {
    const here = place()
    const { service, runId } = await hangingCall(here, '1')
    expect(await service.stop()).toBe(exitCodes.ok)
    const events = await here.json<{ readonly events: readonly StoredClaim[] }>(`show ${runId}`, { config: hanging(here) })
    const claims = events.events.flatMap(({ type, data }) => (type === 'ModelCallRequested' ? [data] : []))
    expect(claims.map(({ attempt, owner }) => [attempt, owner === 'nobody'])).toEqual([
      [1, false],
      [2, true],
    ])
  })

  test('leaves at once at the second signal', async () => {
    const { service } = await hangingCall(place(), '60')
    const stopped = service.stop()
    await service.said('Finishing')
    process.kill(service.pid, 'SIGTERM')
    expect(await stopped).toBe(exitCodes.interrupted)
  })
})

interface StoredClaim {
  readonly type: string
  readonly data: { readonly attempt: number; readonly owner: string }
}

const hanging = ({ folder }: Place): string => {
  const config = join(folder, 'hanging.config.ts')
  const model = '{ scripted: { isFree: true, call: () => new Promise(() => undefined) } }'
  writeFileSync(config, `import clerk from ${JSON.stringify(configs.clerk)}\nexport default { ...clerk, models: ${model} }\n`)
  return config
}

/** A service whose one run waits for a model that never answers. */
const hangingCall = async (here: Place, graceSeconds: string) => {
  const lines: string[] = []
  const waiting: (() => void)[] = []
  const started = startRefoldProcess({
    words: ['serve', '--port', '0'],
    config: hanging(here),
    folder: here.folder,
    environment: { REFOLD_GRACE_SECONDS: graceSeconds, REFOLD_LOG_LEVEL: 'silent' },
    hear: (line) => {
      lines.push(line)
      for (const look of waiting) look()
    },
  })
  const url = /http\S+/.exec(await started.ready)?.[0] ?? ''
  const body = JSON.stringify({ agent: 'clerk', message: 'hello there' })
  const response = await fetch(`${url}/v1/runs`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const { runId } = (await response.json()) as { readonly runId: string }
  const said = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (lines.some((line) => line.includes(text))) resolve()
      }
      waiting.push(look)
      look()
    })
  return { service: { ...started, said }, runId }
}
