import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readEnvironment } from '../../src/config.ts'
import { noteMissing } from '../support/server-lines.ts'

const deploy = resolve(import.meta.dirname, '../../deploy')
const units = readdirSync(deploy).filter((name) => name.endsWith('.service'))
const read = (name: string): string => readFileSync(join(deploy, name), 'utf8')

const folder = mkdtempSync(join(tmpdir(), 'refold-units-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0
if (!hasSystemd) noteMissing('the units of systemd', 'no systemd-analyze on the PATH')

/** All values of a setting. */
const valuesOf = (name: string, setting: string): readonly string[] =>
  [...read(name).matchAll(new RegExp(`^${setting}=(.*)$`, 'gm'))].map(([, value = '']) => value)

describe('the units of systemd', () => {
  test.skipIf(!hasSystemd).each(units)('systemd takes %s as it is', (name) => {
    // It wants the programs to be there, so the project lies in a folder of this test.
    const bin = join(folder, 'node_modules/.bin')
    mkdirSync(bin, { recursive: true })
    writeFileSync(join(bin, 'refold'), '#!/bin/sh\n')
    chmodSync(join(bin, 'refold'), 0o755)
    const unit = join(folder, name)
    writeFileSync(unit, read(name).replaceAll('/opt/desk', folder))
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unit.replace('@.', '@8081.')], {
      encoding: 'utf8',
    })
    expect(`${stdout}${stderr}`).toBe('')
    expect(status).toBe(0)
  })

  test.each(units)('%s runs a command with options that exist, and gives it the time that it needs to end', (name) => {
    const [command = ''] = valuesOf(name, 'ExecStart')
    const [, ...words] = command.split(' ')
    const { stdout } = spawnSync(process.execPath, ['--conditions=refold:source', 'src/main.ts', words[0] ?? '', '--help'], {
      cwd: resolve(deploy, '..'),
      encoding: 'utf8',
    })
    for (const option of words.filter((word) => word.startsWith('--'))) expect(stdout).toContain(option)
    const variables = Object.fromEntries(
      valuesOf(name, 'Environment').flatMap((line) => line.split(' ').map((pair) => pair.split('=') as [string, string])),
    )
    const { REFOLD_DRAIN_SECONDS, REFOLD_GRACE_SECONDS } = readEnvironment(variables)
    const needed = (words[0] === 'serve' ? REFOLD_DRAIN_SECONDS : 0) + REFOLD_GRACE_SECONDS
    expect(Number.parseInt(valuesOf(name, 'TimeoutStopSec')[0] ?? '', 10)).toBe(needed + 10)
  })

  test('let a process serve on for longer than nginx keeps its connections', () => {
    const [, kept] = /upstream[^}]*keepalive_timeout (\d+)s/.exec(read('nginx.conf')) ?? []
    const [environment = ''] = valuesOf('refold-serve@.service', 'Environment')
    const [, drain] = /REFOLD_DRAIN_SECONDS=(\d+)/.exec(environment) ?? []
    expect(Number(kept)).toBeGreaterThan(0)
    expect(Number(kept)).toBeLessThan(Number(drain))
  })
})
