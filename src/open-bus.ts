import { readFileSync } from 'node:fs'
import type { Bus, BusNotice } from './bus/bus.ts'
import type { KafkaOptions } from './bus/kafka/client.ts'
import { systemClock } from './clock.ts'
import { readEnvironment, type Environment } from './config.ts'
import { AppError, messageOf } from './errors.ts'

/** The bus that REFOLD_KAFKA names, or undefined where it names none. Rejects with `InvalidConfiguration`. */
export const openBus = async (notify: (notice: BusNotice) => void): Promise<Bus | undefined> => {
  const environment = readEnvironment()
  const { REFOLD_KAFKA: brokers, REFOLD_KAFKA_REPLICATION: replicationFactor } = environment
  if (brokers === undefined) return undefined
  // Only here, so that a process without a bus does not load its client.
  const { kafkaBus } = await import('./bus/kafka/kafka-bus.ts')
  return kafkaBus({
    brokers: brokers.split(','),
    clock: systemClock,
    notify,
    ...tlsOf(environment),
    ...saslOf(environment),
    ...(replicationFactor === undefined ? {} : { replicationFactor }),
  })
}

const tlsOf = ({ REFOLD_KAFKA_SSL: ssl, REFOLD_KAFKA_CA: path }: Environment): Pick<KafkaOptions, 'ssl'> => {
  if (path !== undefined) return { ssl: { ca: [readAuthority(path)] } }
  return ssl === 'true' ? { ssl: true } : {}
}

const readAuthority = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new AppError('InvalidConfiguration', `Expected a PEM file that can be read at REFOLD_KAFKA_CA: ${messageOf(cause)}`, { cause })
  }
}

const saslOf = (environment: Environment): Pick<KafkaOptions, 'sasl'> => {
  const { REFOLD_KAFKA_USERNAME: username, REFOLD_KAFKA_PASSWORD: password, REFOLD_KAFKA_MECHANISM: mechanism } = environment
  if (username === undefined || password === undefined) return {}
  return { sasl: { mechanism, username, password } as NonNullable<KafkaOptions['sasl']> }
}
