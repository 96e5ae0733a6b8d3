import { join } from 'node:path'
import { STORE_PASSWORD } from './broker-keys.ts'

export interface BrokerPorts {
  readonly plain: number
  readonly secure: number
  readonly controller: number
}

export interface BrokerPlace {
  /** 1, 2 … within the cluster. */
  readonly nodeId: number
  readonly folder: string
  /** Of all nodes, in their order. */
  readonly ports: readonly BrokerPorts[]
  readonly keyStore: string
}

/** Whom the secure listener lets in. */
export const SECURE_USER = { username: 'refold', password: 'only-for-tests' }
const LOGIN_MODULE = 'org.apache.kafka.common.security.plain.PlainLoginModule'

/** The text of `server.properties`. Three nodes keep each message on all of them, and take one with two of them there. */
export const brokerSettings = ({ nodeId, folder, ports, keyStore }: BrokerPlace): string => {
  const own = ports[nodeId - 1]
  if (own === undefined) throw new Error(`expected ports for node ${nodeId}, found ${ports.length} of them`)
  const replicas = ports.length
  const inSync = Math.max(1, replicas - 1)
  // With the default session a broker that was killed waits 9 s for its own old registration.
  return `
process.roles=broker,controller
node.id=${nodeId}
controller.quorum.voters=${ports.map(({ controller }, at) => `${at + 1}@127.0.0.1:${controller}`).join(',')}
listeners=PLAINTEXT://127.0.0.1:${own.plain},SECURE://127.0.0.1:${own.secure},CONTROLLER://127.0.0.1:${own.controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${own.plain},SECURE://127.0.0.1:${own.secure}
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
default.replication.factor=${replicas}
min.insync.replicas=${inSync}
offsets.topic.replication.factor=${replicas}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=${replicas}
transaction.state.log.min.isr=${inSync}
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
log.cleaner.backoff.ms=500
`
}
