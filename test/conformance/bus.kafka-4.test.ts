import { ownKafka } from '../kafka/test-kafka.ts'
import { busOnKafka } from './bus-on-kafka.ts'

busOnKafka('Kafka 4', await ownKafka('bus conformance on Kafka 4', '4.1.1'))
