import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { statfsSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { newPlace, type Place } from '../cli/run-refold.ts'

const run = (program: string, ...parameters: string[]): void => {
  execFileSync(program, parameters, { stdio: 'ignore' })
}

const main = resolve(import.meta.dirname, '../../src/main.ts')
const slowTool = resolve(import.meta.dirname, 'slow-tool.config.ts')

const mounts: Place[] = []

/** A place on a small disk of its own, with a run that waits for a person. */
const smallDisk = async (): Promise<Place> => {
  const place = newPlace()
  run('mount', '-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', place.folder)
  mounts.push(place)
  await place.refold("run clerk --run-id run-1 --message 'Hello'")
  return place
}

const mayMount = ((): boolean => {
  const place = newPlace()
  try {
    run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', place.folder)
    run('umount', place.folder)
    return true
  } catch {
    return false
  } finally {
    place.remove()
  }
})()

afterEach(() => {
  for (const place of mounts.splice(0)) {
    run('umount', '-l', place.folder)
    place.remove()
  }
})

const makeReadOnly = (place: Place): void => {
  run('mount', '-o', 'remount,ro', place.folder)
}

const fill = (place: Place): void => {
  const { bavail, bsize } = statfsSync(place.folder)
  writeFileSync(join(place.folder, 'ballast'), Buffer.alloc(bavail * bsize))
}

const looks = ['list --json', 'show run-1', 'at run-1 1', 'export run-1', 'query costs --json', 'replay run-1']

describe.skipIf(!mayMount)('a folder that cannot be written (skipped where no tmpfs can be mounted)', () => {
  test.for([
    { how: 'because it is a read-only copy', spoil: makeReadOnly },
    { how: 'because its disk is full', spoil: fill },
  ])('$how can be looked at, and who wants to change something is told why not', { timeout: 120_000 }, async ({ spoil }) => {
    const place = await smallDisk()
    const before = await place.refold('list --json')
    spoil(place)
    for (const command of looks) {
      const { exitCode, stderr } = await place.refold(command)
      expect({ command, exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ command, exitCode: 0, stderr: '' })
    }
    expect((await place.refold('list --json')).stdout).toBe(before.stdout)
    const examined = await place.refold('doctor --json')
    expect(examined.stdout).toContain('It can be read, but not written')
    const refused = await place.refold("send run-1 -m 'Are you there?'")
    expect(refused.exitCode).not.toBe(0)
    expect(refused.stderr).toMatch(/EventLogUnavailable[\s\S]*log\.db/)
  })

  test('does not keep a process from ending when it is told to', { timeout: 120_000 }, async () => {
    const place = await smallDisk()
    const child = spawn(
      process.execPath,
      ['--conditions=refold:source', main, 'run', 'slow', '-m', 'Take your time.', '--config', slowTool],
      { cwd: place.folder, env: { ...process.env, REFOLD_GRACE_SECONDS: '1', REFOLD_LOG_LEVEL: 'warn' } },
    )
    let told = ''
    child.stderr.on('data', (chunk: Buffer) => {
      if (!told.includes('dawdle') && chunk.toString().includes('dawdle')) fill(place)
      told += chunk.toString()
      if (told.includes('an append is tried again') && !child.killed) child.kill('SIGTERM')
    })
    const [exitCode, signal] = (await once(child, 'close')) as [number | null, string | null]
    expect({ exitCode, signal, wasFull: told.includes('has no space left') }).toEqual({ exitCode: 130, signal: null, wasFull: true })
  })
})
