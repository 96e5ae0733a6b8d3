import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sha256 } from '../../src/hash.ts'
import { PDF, PNG } from '../support/pictures.ts'
import { newPlace, type Place } from './run-refold.ts'

let place: Place
beforeEach(() => {
  place = newPlace()
  mkdirSync(join(place.folder, 'in'))
  for (const [name, bytes] of [
    ['kettle.png', PNG],
    ['bill.pdf', PDF],
    ['page.html', Buffer.from('<p>')],
  ] as const)
    writeFileSync(join(place.folder, 'in', name), bytes)
})
afterEach(() => place.remove())

const shown = `[image image/png, ${PNG.byteLength} bytes]`

describe('a picture in the command line', () => {
  test('goes with a message, is shown by its kind and size, and is exported', async () => {
    const begun = await place.json<{ runId: string }>('run clerk -m Look --file in/kettle.png --run-id one --json')
    expect(begun.runId).toBe('one')
    await place.refold('send one --file in/bill.pdf --file in/kettle.png')
    const transcript = await place.refold('show one --transcript')
    expect(transcript.stdout).toContain(`Look\n  ${shown}`)
    expect(transcript.stdout).toContain(`[file application/pdf, ${PDF.byteLength} bytes: bill.pdf]`)
    expect((await place.refold('show one')).stdout).toContain(shown)
    const exported = await place.refold('export one --blobs out')
    expect(exported.stdout).toContain(sha256(PNG))
    expect(readdirSync(join(place.folder, 'out')).sort()).toEqual([sha256(PNG), sha256(PDF)].sort())
    expect(sha256(readFileSync(join(place.folder, 'out', sha256(PNG))))).toBe(sha256(PNG))
  })

  test.each([
    ['is not there', 'in/none.png', /a file that can be read at .*none\.png/],
    ['is none that is taken', 'in/page.html', /a media type beside bytes/],
  ])('is refused where the file %s', async (_what, file, told) => {
    const ran = await place.refold(`run clerk -m Look --file ${file}`)
    expect(ran.exitCode).toBe(2)
    expect(ran.stderr).toMatch(told)
  })
})

describe('a call that is granted with changed arguments', () => {
  test('is executed with them, which may stand in a file; what does not fit is refused and leaves it open', async () => {
    await place.refold("run clerk --run-id half -m 'pay 50'")
    const misfit = await place.refold(`approve half --by dana --input '{"amount":"x"}'`)
    expect(misfit.stderr).toMatch(/^refold: InvalidInput: Expected changed arguments of 3\.0 that pay takes as they are/)
    writeFileSync(join(place.folder, 'granted.json'), '{"amount":20}')
    expect((await place.refold('approve half --by dana --input @none.json')).stderr).toContain('none.json')
    const { stdout } = await place.refold('approve half --by dana --input @granted.json')
    expect(stdout).toContain('{"paid":20}')
    expect((await place.refold('show half')).stdout).toMatch(/ApprovalGranted .*3\.0 by dana with changed arguments \{"amount":20\}/)
  })
})
