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
})
