import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Prints, after all tests, what each suite ran against and what did not run and why: what `noteServer` was told. */
export const setup = (): void => {
  process.env['REFOLD_TEST_LINES'] = join(mkdtempSync(join(tmpdir(), 'refold-lines-')), 'lines')
}

export const teardown = (): void => {
  const path = process.env['REFOLD_TEST_LINES']
  if (path === undefined) return
  if (existsSync(path)) printLines(path)
  rmSync(join(path, '..'), { recursive: true })
}

const printLines = (path: string): void => {
  const lines = [...new Set(readFileSync(path, 'utf8').trimEnd().split('\n'))].sort()
  process.stdout.write(`\nReal servers\n${lines.map((line) => `  ${line}\n`).join('')}`)
}
