import { describe, expect, test } from 'vitest'
import { readEnvironment } from '../../src/config.ts'
import { AppError } from '../../src/errors.ts'

const problemsOf = (...asked: Parameters<typeof readEnvironment>): readonly string[] => {
  try {
    readEnvironment(...asked)
    return []
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    expect(error.code).toBe('InvalidConfiguration')
    return error.message.split('\n').slice(1)
  }
}

describe('the environment', () => {
  test('is told all at once what is wrong, what does not go together and what is missing', () => {
    const problems = problemsOf(
      {
        REFOLD_EVENTSTORE: 'http://host',
        REFOLD_KAFKA_USERNAME: 'desk',
        REFOLD_KAFKA_REPLICATION: '0',
        REFOLD_TOPIC_PREFIX: 'a b',
        REFOLD_HEALTH_PORT: '70000',
        REFOLD_LOG_LEVEL: 'loud',
        REFOLD_EVENTSTORE_CLIENT: 'eventstore',
      },
      ['REFOLD_KAFKA'],
    )
    expect(problems.map((line) => /^ {2}([A-Z_, ]+): \S/.exec(line)?.[1])).toEqual([
      'REFOLD_EVENTSTORE',
      'REFOLD_EVENTSTORE_CLIENT',
      'REFOLD_KAFKA_REPLICATION',
      'REFOLD_TOPIC_PREFIX',
      'REFOLD_HEALTH_PORT',
      'REFOLD_LOG_LEVEL',
      'REFOLD_EVENTSTORE, REFOLD_POSTGRES',
      'REFOLD_KAFKA_USERNAME, REFOLD_KAFKA_PASSWORD',
      'REFOLD_KAFKA',
      'REFOLD_KAFKA',
    ])
  })

  test('shows no value in what it says, since some are secret', () => {
    const secret = 'b7-secret'
    const variables = {
      REFOLD_EVENTSTORE: `http://admin:${secret}@host`,
      REFOLD_POSTGRES: `mysql://refold:${secret}@host/db`,
      REFOLD_KAFKA: `desk:${secret}@host`,
      REFOLD_KAFKA_PASSWORD: secret,
      REFOLD_KAFKA_MECHANISM: secret,
      OPENAI_BASE_URL: secret,
      REFOLD_HEALTH_PORT: secret,
    }
    const problems = problemsOf(variables)
    expect(problems.length).toBeGreaterThan(6)
    expect(problems.join('\n')).not.toContain(secret)
  })

  test('takes an empty variable for one that is not given', () => {
    expect(readEnvironment({ REFOLD_KAFKA: '', REFOLD_EVENTSTORE: '', REFOLD_HEALTH_PORT: '', OPENAI_API_KEY: '' })).toEqual(
      readEnvironment({}),
    )
    expect(problemsOf({ REFOLD_KAFKA: '' }, ['REFOLD_KAFKA'])).toEqual([
      '  REFOLD_KAFKA: expected brokers as host:port,host:port, found nothing',
    ])
  })

  test('refuses a certificate authority where TLS is off', () => {
    const given = { REFOLD_KAFKA: 'host:9092', REFOLD_KAFKA_SSL: 'false', REFOLD_KAFKA_CA: 'ca.pem' }
    expect(problemsOf(given)).toEqual(['  REFOLD_KAFKA_SSL, REFOLD_KAFKA_CA: expected no certificate authority where TLS is off'])
  })
})
