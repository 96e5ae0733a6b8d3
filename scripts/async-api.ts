import { commandSchemas } from '../src/consumers/command-message.ts'
import { OMITTED_TYPE } from '../src/consumers/event-message.ts'
import { topicSpecs, topicsOf } from '../src/consumers/topics.ts'
import { runEventTypes } from '../src/events/run-events.ts'
import { currentVersion } from '../src/events/upcast.ts'

type Node = Record<string, unknown>

const topics = topicsOf('refold')
const specs = topicSpecs(topics, 12)
const commandTypes = Object.keys(commandSchemas)

/** What other programs need to know of the topics, as AsyncAPI 3.0. Payloads are the schemas beside it. */
export const asyncApiDocument = (): Node => ({
  asyncapi: '3.0.0',
  info: {
    title: 'Refold on Kafka',
    version: '1.0.0',
    description:
      'Every event of every run comes out; commands go in. The names below have the prefix `refold`, which an installation may change. ' +
      'Delivery is at least once and in the order of each run: drop what repeats a run and revision that you have seen.',
  },
  defaultContentType: 'application/json',
  channels: {
    events: channel(
      topics.events,
      'The events of all runs as CloudEvents 1.0 in binary mode; the key is the run id. The value is the data of the event as it is stored. ' +
        'A payload above 64 KiB is in the blob store: the header `refold-meta` names its field in `blobs`.',
      [...runEventTypes, OMITTED_TYPE],
    ),
    commands: channel(
      topics.commands,
      'What programs ask of runs; the key has to be the run id. Each commandId is granted once. What is refused goes to the dead letters.',
      commandTypes,
    ),
    eventsDeadLetters: channel(topics.eventsDeadLetters, 'Messages of the events that a view could not take in.', ['DeadLetter']),
    commandsDeadLetters: channel(topics.commandsDeadLetters, 'Commands that were refused.', ['DeadLetter']),
    relayCheckpoints: channel(topics.relayCheckpoints, 'Of the relays themselves: how far each one is.', ['RelayCheckpoint']),
  },
  operations: {
    tellEvents: { action: 'send', channel: { $ref: '#/channels/events' } },
    takeCommands: { action: 'receive', channel: { $ref: '#/channels/commands' } },
    tellUnreadableEvents: { action: 'send', channel: { $ref: '#/channels/eventsDeadLetters' } },
    tellRefusedCommands: { action: 'send', channel: { $ref: '#/channels/commandsDeadLetters' } },
  },
  components: {
    messages: {
      ...Object.fromEntries(
        runEventTypes.map((type) => [type, eventMessage(type, file(`./events/${type}.v${currentVersion(type)}.json`))]),
      ),
      [OMITTED_TYPE]: { ...eventMessage(OMITTED_TYPE, inline(omission)), summary: 'Stands for an event that is too large for a message.' },
      ...Object.fromEntries(commandTypes.map((type) => [type, commandMessage(type)])),
      DeadLetter: {
        name: 'DeadLetter',
        headers: deadLetterHeaders,
        bindings: keyed,
        payload: inline({ description: 'The message as it was.' }),
      },
      RelayCheckpoint: {
        name: 'RelayCheckpoint',
        bindings: { kafka: { key: text('prefix of the streams') } },
        payload: inline(checkpoint),
      },
    },
  },
})

const channel = (topic: string, description: string, messages: readonly string[]): Node => {
  const spec = specs.find((one) => one.topic === topic)
  const keeps =
    typeof spec?.keeps === 'number' ? { 'cleanup.policy': ['delete'], 'retention.ms': spec.keeps } : { 'cleanup.policy': ['compact'] }
  return {
    address: topic,
    description,
    messages: Object.fromEntries(messages.map((name) => [name, { $ref: `#/components/messages/${name}` }])),
    bindings: {
      kafka: {
        topic,
        partitions: spec?.partitions,
        topicConfiguration: { ...keeps, 'max.message.bytes': spec?.maxMessageBytes },
        bindingVersion: '0.5.0',
      },
    },
  }
}

const SCHEMA_FORMAT = 'application/schema+json;version=draft-2020-12'
const file = (path: string): Node => ({ schemaFormat: SCHEMA_FORMAT, schema: { $ref: path } })
const inline = (schema: Node): Node => ({ schemaFormat: SCHEMA_FORMAT, schema })
const text = (description: string, change: Node = {}): Node => ({ type: 'string', description, ...change })

const keyed = { kafka: { key: text('run id') } }

const eventMessage = (name: string, payload: Node): Node => ({ name, headers: eventHeaders(name), bindings: keyed, payload })

const commandMessage = (name: string): Node => ({
  name,
  headers: { type: 'object', properties: { traceparent: text('W3C trace context, kept with the event') } },
  bindings: keyed,
  payload: file(`./commands/${name}.v1.json`),
})

const eventHeaders = (type: string): Node => {
  const properties = {
    ce_specversion: { const: '1.0' },
    ce_id: text('id of the event', { format: 'uuid' }),
    ce_type: { const: type },
    ce_source: text('`/agents/<name>`'),
    ce_subject: text('run id'),
    ce_time: text('when the log stored it', { format: 'date-time' }),
    'content-type': { const: 'application/json' },
    'refold-stream': text('stream of the run in the log'),
    'refold-revision': text('0, 1, 2 … within the run', { pattern: '^\\d+$' }),
    'refold-position': text('place in the whole log: increasing, with gaps', { pattern: '^\\d+$' }),
  }
  const optional = {
    'refold-meta': text('the meta of the event as JSON: ./events/meta.v1.json'),
    'correlation-id': text('run that it all began with'),
    'causation-id': text('id of the event that led to this one'),
    traceparent: text('W3C trace context of the command'),
  }
  return { type: 'object', properties: { ...properties, ...optional }, required: Object.keys(properties) }
}

const omission = {
  type: 'object',
  properties: {
    type: text('of the event that is left out'),
    stream: { type: 'string' },
    revision: { type: 'integer', minimum: 0 },
    bytes: { type: 'integer', description: 'that its message would have taken' },
  },
  required: ['type', 'stream', 'revision', 'bytes'],
}

const checkpoint = {
  type: 'object',
  properties: {
    log: text('id of the first event of the log'),
    position: { type: 'integer', description: 'of the newest event that is on the bus, with all before it' },
    event: text('id of that event'),
  },
  required: ['log', 'position'],
}

const deadLetterHeaders = {
  type: 'object',
  properties: {
    'dlq-code': text('code of the error, as in docs/errors.md'),
    'dlq-reason': text('what was expected and what was found'),
    'dlq-topic': text('where the message lay'),
    'dlq-partition': { type: 'string', pattern: '^\\d+$' },
    'dlq-offset': { type: 'string', pattern: '^\\d+$' },
    'dlq-at': text('when it was given up', { format: 'date-time' }),
  },
  required: ['dlq-code', 'dlq-reason', 'dlq-topic', 'dlq-partition', 'dlq-offset', 'dlq-at'],
}
