// Writes docs/events.md from the zod schemas and the comments beside them. With --check it only says whether the page is current.
import { resolve } from 'node:path'
import { z } from 'zod'
import { payloadFields } from '../src/events/codec.ts'
import { contentPart, filePart, imagePart, textPart } from '../src/events/content.ts'
import { eventMeta } from '../src/events/envelope.ts'
import { assistantPart, opaquePart, toolCallPart, usage } from '../src/events/message.ts'
import { limits } from '../src/events/limits.ts'
import { dataSchemas, runSettings, type RunEventType } from '../src/events/run-events.ts'
import { currentVersion } from '../src/events/upcast.ts'
import { writeOrCheck } from './generated-files.ts'
import { schemaText } from './schema-text.ts'
import { sourceComments, type SourceComments } from './source-comments.ts'

const source = (file: string): SourceComments => sourceComments(resolve(import.meta.dirname, '../src/events', file))
const runEvents = source('run-events.ts')
const messages = source('message.ts')
const contents = source('content.ts')
const envelope = source('envelope.ts')

/** Shapes that several events share, each with a heading of its own. */
const shared: readonly {
  readonly title: string
  readonly constant: string
  readonly schema: z.ZodObject
  readonly comments: SourceComments
}[] = [
  { title: 'Run settings', constant: 'runSettings', schema: runSettings, comments: runEvents },
  { title: 'Limits', constant: 'limits', schema: limits, comments: source('limits.ts') },
  { title: 'Usage', constant: 'usage', schema: usage, comments: messages },
  { title: 'Text part', constant: 'textPart', schema: textPart, comments: contents },
  { title: 'Image part', constant: 'imagePart', schema: imagePart, comments: contents },
  { title: 'File part', constant: 'filePart', schema: filePart, comments: contents },
  { title: 'Tool call part', constant: 'toolCallPart', schema: toolCallPart, comments: messages },
  { title: 'Opaque part', constant: 'opaquePart', schema: opaquePart, comments: messages },
]

const linkTo = (title: string): string => `[${title}](#${title.toLowerCase().replaceAll(' ', '-')})`

/** An optional field is the schema inside it. */
const inner = (schema: z.core.$ZodType): z.core.$ZodType => (schema instanceof z.ZodOptional ? inner(schema.unwrap()) : schema)

const typeText = (schema: z.core.$ZodType): string => {
  const bare = inner(schema)
  const known = shared.find((shape) => shape.schema === bare)
  if (known !== undefined) return linkTo(known.title)
  const whole = shared.find(
    (shape) => bare instanceof z.ZodObject && Object.keys(bare.shape).join() === Object.keys(shape.schema.shape).join(),
  )
  if (whole !== undefined) return `part of ${linkTo(whole.title)}`
  if (bare === assistantPart) return assistantPart.options.map(typeText).join(' or ')
  if (bare === contentPart) return contentPart.options.map(typeText).join(' or ')
  if (bare instanceof z.ZodArray) return `list of ${typeText(bare.element)}`
  return schemaText(z.toJSONSchema(bare, { unrepresentable: 'any' }) as Parameters<typeof schemaText>[0])
}

interface Field {
  readonly name: string
  readonly schema: z.core.$ZodType
  readonly meaning: string
  readonly mayBeApart: boolean
}

const cell = (text: string): string => text.replaceAll('|', '\\|')

const table = (fields: readonly Field[]): string[] => [
  '| Field | Type | Meaning |',
  '| --- | --- | --- |',
  ...fields.map(({ name, schema, meaning, mayBeApart }) => {
    const optional = schema instanceof z.ZodOptional ? '?' : ''
    return `| \`${name}\`${optional}${mayBeApart ? ' †' : ''} | ${cell(typeText(schema))} | ${cell(meaning)} |`
  }),
  '',
]

const fieldsOf = (schema: z.ZodObject, meanings: ReadonlyMap<string, string>, apart: readonly string[] = []): Field[] =>
  Object.entries<z.core.$ZodType>(schema.shape).map(([name, field]) => ({
    name,
    schema: field,
    meaning: meanings.get(name) ?? '',
    mayBeApart: apart.includes(name),
  }))

/** Said once, since most events have them. */
const recurring: readonly (readonly [fields: string, meaning: string])[] = [
  ['`callId`', runEvents.ofConstant('callId')],
  ['`attempt`', runEvents.ofConstant('attempt')],
  ['`owner`, `leaseUntil`', runEvents.ofConstant('claim')],
  ['`by`', runEvents.ofConstant('by')],
  ['`…At`, `leaseUntil`', runEvents.ofConstant('time')],
  ['`…Ms`', 'Milliseconds.'],
  ['`…MicroUsd`', 'Millionths of a US dollar.'],
]

const events = runEvents.nested(runEvents.literal('shapes'))

const eventSection = ({ name, comment, literal }: (typeof events)[number]): string[] => {
  const type = name as RunEventType
  const version = currentVersion(type)
  const fields = fieldsOf(dataSchemas[type], runEvents.ofMembers(literal), payloadFields[type])
  return [`### ${name}`, '', `${comment} [v${version}](../schemas/events/${name}.v${version}.json)`, '', ...table(fields)]
}

const sharedSection = ({ title, constant, schema, comments }: (typeof shared)[number]): string[] => {
  const about = comments.ofConstant(constant)
  return [
    `### ${title}`,
    '',
    ...(about === '' ? [] : [about, '']),
    ...table(fieldsOf(schema, comments.ofMembers(comments.literal(constant)))),
  ]
}

const page = [
  '# Events',
  '',
  'Written by `npm run docs:events` from `src/events`; a test compares. How events become state: [architecture](architecture.md).',
  '',
  `There are ${events.length} types: a noun and a verb of a [closed list](decisions/0001-events-drive-the-charts.md). Effects come as`,
  '`…Requested`, then `…Succeeded` or `…Failed` (or `…Unresolved`), joined by `callId`.',
  '',
  'A `?` marks a field that may be absent. A `†` marks one that may be large: above 64 KiB of data in one event, such a field of more than 16 KiB is kept in the blob store,',
  'the stored event holds `{ "blob": <SHA-256 of the JSON text>, "length": <UTF-16 units> }` in its place, and `meta.blobs` names the field.',
  'Whoever reads through Refold (`run.events()`, `refold export`) gets the payload itself.',
  '',
  '## Envelope',
  '',
  'An event read with `run.events()` has `type`, `data` (below), `id` (a UUID), `runId`, `revision` (0, 1, 2 … in its run), `position`',
  '(increasing over the whole log, with gaps) and `meta`:',
  '',
  ...table(fieldsOf(eventMeta, envelope.ofMembers(envelope.literal('eventMeta')))),
  'In the log, a run is the stream `run.<first two hex digits of SHA-256(runId)>-<runId>`. `data` and `meta` are JSON texts; `meta` begins with `hash`,',
  'which is the SHA-256 of the hash before, the type, the data text and the rest of the meta text, each on a line of its own.',
  '',
  '## Fields that recur',
  '',
  '| Field | Meaning |',
  '| --- | --- |',
  ...recurring.map(([fields, meaning]) => `| ${fields} | ${cell(meaning)} |`),
  '',
  '## Types',
  '',
  ...events.flatMap(eventSection),
  '## Shared shapes',
  '',
  ...shared.flatMap(sharedSection),
].join('\n')

writeOrCheck(new Map([['docs/events.md', page]]), 'run npm run docs:events')
