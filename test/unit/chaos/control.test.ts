import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { openControl, type Control } from '../../../chaos/control.ts'
import { troubledNodes } from '../../../chaos/event-store.ts'
import { seededChance } from '../../../src/evals/statistics/chance.ts'

const folder = mkdtempSync(join(tmpdir(), 'refold-control-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** A command of somebody's own. */
const command = (name: string, script: string): string => {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

const COMPOSED = `
case "$1 $2" in
  "leader ") echo 2 ;;
  "pid 1" | "pid 2") echo 4$2 ;;
  "pid 3") ;;
  "kill 2") echo killed >> ${join(folder, 'told')} ;;
  *) exit 1 ;;
esac`

describe('a command that leads to the nodes of an EventStoreDB', () => {
  test('knows its nodes by their numbers, those that do not run among them', async () => {
    const control = await openControl(command('ctl', COMPOSED))
    expect(control.nodes).toEqual([1, 2, 3])
    expect(await control.leader()).toBe(2)
    expect([await control.pid(1), await control.pid(3)]).toEqual([41, undefined])
    await control.kill(2)
    await expect(control.kill(1)).rejects.toThrow()
  })
  test.each([
    ['is not there', join(folder, 'nowhere')],
    ['knows no node', command('knows-nothing', 'exit 1')],
  ])('that %s is told before anything is started', async (_what, path) => {
    await expect(openControl(path)).rejects.toThrow(`expected the process id of node 1 from ${path} pid 1`)
  })
  test('that names no leader is told so, with what it said', async () => {
    const control = await openControl(command('no-leader', 'test "$1 $2" = "pid 1" && echo 7 || echo none; [ "$2" != 2 ]'))
    await expect(control.leader()).rejects.toThrow('expected the number of a node')
  })
})

describe('a fault of a cluster', () => {
  const told: string[] = []
  const running = new Set([1, 2, 3])
  let endsOnce = false
  const control: Control = {
    nodes: [1, 2, 3],
    leader: async () => 2,
    pid: async (node) => (running.has(node) ? node : undefined),
    kill: async (node) => {
      told.push(`kill ${node}`)
      running.delete(node)
    },
    stop: async (node) => {
      told.push(`stop ${node}`)
      running.delete(node)
    },
    start: async (node) => {
      told.push(`start ${node}`)
      if (!endsOnce) running.add(node)
      endsOnce = false
    },
  }
  const happen = async (name: string): Promise<string[]> => {
    told.length = 0
    const { kills } = troubledNodes(control, async () => told.push('answers'), 0)
    await kills.find((fault) => fault.name === name)?.happen({ ...seededChance(1), between: () => 0 })
    return [...told]
  }

  test('ends only when the nodes run and the log answers', async () => {
    expect(await happen('event store killed')).toEqual(['kill 2', 'start 2', 'answers'])
    expect(await happen('event store stopped')).toEqual(['stop 2', 'start 2', 'answers'])
    expect(await happen('event store two-killed')).toEqual(['kill 2', 'kill 1', 'start 2', 'start 1', 'answers'])
  })
  test('starts a leader again that ends when it has cut its log', async () => {
    endsOnce = true
    expect(await happen('event store killed')).toEqual(['kill 2', 'start 2', 'start 2', 'answers'])
  })
})
