import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { createOutput } from '../../../src/cli/output.ts'

const deep = (levels: number): unknown => Array.from({ length: levels }).reduce<unknown>((inner) => [inner], 'x')

const written = async (write: (output: ReturnType<typeof createOutput>) => Promise<void>): Promise<string> => {
  const stdout = new PassThrough() as unknown as NodeJS.WriteStream
  const all = text(stdout)
  await write(createOutput({ stdout, stderr: new PassThrough() as unknown as NodeJS.WriteStream }, true))
  stdout.end()
  return all
}

test.each([10, 200, 6_000, 50_000])('a value of %d levels is written as JSON', async (levels) => {
  const value = { events: [{ data: { input: deep(levels) } }] }
  const opened = `{"events":[{"data":{"input":${'['.repeat(levels)}`
  for (const write of [await written((output) => output.document(value)), await written((output) => output.record(value))])
    expect(write.replaceAll(/\s/g, '').startsWith(opened)).toBe(true)
})

test('a value of usual depth has a line for each member', async () => {
  expect(await written((output) => output.document({ one: [1] }))).toBe('{\n  "one": [\n    1\n  ]\n}\n')
})
