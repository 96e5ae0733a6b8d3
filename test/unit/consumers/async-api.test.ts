import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { asyncApiDocument } from '../../../scripts/async-api.ts'
import { yamlText } from '../../../scripts/yaml.ts'
import { commandSchemaFiles, commandMessage, commandSchemas } from '../../../src/consumers/command-message.ts'
import { runEventTypes } from '../../../src/events/run-events.ts'

const schemas = resolve(import.meta.dirname, '../../../schemas')
const document = asyncApiDocument()

const referencesIn = (node: unknown): string[] => {
  if (typeof node !== 'object' || node === null) return []
  return Object.entries(node).flatMap(([key, value]: [string, unknown]) => (key === '$ref' ? [String(value)] : referencesIn(value)))
}

const isThere = (reference: string): boolean => {
  if (!reference.startsWith('#/')) return existsSync(resolve(schemas, reference))
  let node: unknown = document
  for (const step of reference.slice(2).split('/')) node = (node as Record<string, unknown> | undefined)?.[step]
  return node !== undefined
}

describe('the document of the topics', () => {
  test('refers to nothing that is not there', () => {
    const references = referencesIn(document)
    expect(references.length).toBeGreaterThan(90)
    expect(references.filter((reference) => !isThere(reference))).toEqual([])
  })
  test('has every type of event and of command', () => {
    const { messages } = document['components'] as { readonly messages: Record<string, unknown> }
    expect(Object.keys(messages)).toEqual(expect.arrayContaining([...runEventTypes, ...Object.keys(commandSchemas)]))
  })
  test('is written as the code says it', () => {
    expect(readFileSync(resolve(schemas, 'asyncapi.yaml'), 'utf8')).toBe(yamlText(document))
  })
  test('is YAML of lists, empty values and keys of any kind', () => {
    expect(yamlText({ a: [1, { b: 'x: y', c: null }, ['d']], $e: {}, f: [], 'g h': true })).toBe(
      'a:\n  - 1\n  - b: "x: y"\n    c: null\n  - - "d"\n"$e": {}\nf: []\n"g h": true\n',
    )
  })
})

describe('the schemas of the commands', () => {
  test('are written as the code says it', () => {
    for (const [file, schema] of commandSchemaFiles()) {
      expect(JSON.parse(readFileSync(resolve(schemas, 'commands', file), 'utf8'))).toEqual(JSON.parse(JSON.stringify(schema)))
    }
  })
  test('are all of one union', () => {
    expect(commandMessage.options).toHaveLength(Object.keys(commandSchemas).length)
  })
})
