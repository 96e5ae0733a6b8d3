import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { withFiles } from '../../../src/cli/sent-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'refold-files-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

test.each([
  ['a device without an end', '/dev/zero', /^Expected a file at .*, found something else$/],
  ['a folder', '.', /^Expected a file at .*, found something else$/],
  ['nothing', 'missing.png', /^Expected a file that can be read at .*missing\.png/],
])('%s is no file to send, and is not read', async (_, path, message) => {
  await expect(withFiles('See here.', [path], folder)).rejects.toMatchObject({
    code: 'InvalidInput',
    message: expect.stringMatching(message) as string,
  })
})

test('a file goes behind the text, by its name and bytes', async () => {
  writeFileSync(join(folder, 'notes.txt'), 'It leaks.')
  expect(await withFiles('See here.', ['notes.txt'], folder)).toEqual([
    { type: 'text', text: 'See here.' },
    { type: 'file', name: 'notes.txt', source: { type: 'bytes', data: Buffer.from('It leaks.'), mediaType: 'text/plain' } },
  ])
})
