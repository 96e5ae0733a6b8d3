import { testKafka } from '../kafka/test-kafka.ts'
import { busOnKafka } from './bus-on-kafka.ts'

busOnKafka('Kafka', await testKafka('bus conformance'))
