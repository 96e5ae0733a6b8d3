import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { localOwners, type Owners, systemProcesses, type ProcessPlace, type ProcessTable } from '../../../src/runtime/owner.ts'

interface Machine {
  readonly boot?: string
  readonly namespace?: string
  readonly starts?: Readonly<Record<number, string>>
}

const processesOf = ({ boot = 'b0071d', namespace = '4026531836', starts = {} }: Machine, pid: number): ProcessTable => ({
  here: (): ProcessPlace => ({ boot, namespace, start: starts[pid] ?? '1' }),
  hasNamespaces: true,
  isRunning: (other) => starts[other] !== undefined,
  startOf: (other) => starts[other],
})

const withoutNamespaces = (running: readonly number[]): ProcessTable => ({
  here: () => undefined,
  hasNamespaces: false,
  isRunning: (pid) => running.includes(pid),
  startOf: () => undefined,
})

let count = 0
const ownersOn = (machine: Machine | ProcessTable, pid: number, { host = 'web-1', isOneMachine = true } = {}): Owners =>
  localOwners({
    host,
    pid,
    uuid: `uuid-${++count}`,
    processes: 'here' in machine ? machine : processesOf(machine, pid),
    isOneMachine,
  })

describe('the owner of a claim', () => {
  test('is gone once its process has ended on the same machine', () => {
    const first = ownersOn({ starts: { 10: '500' } }, 10)
    expect(ownersOn({ starts: { 10: '500', 11: '600' } }, 11).isGone(first.self)).toBe(false)
    first.leave(() => false)
    const other = first.self.replace(/\/[0-9a-f]{8}\//, '/00000000/')
    expect(ownersOn({ starts: { 11: '600' } }, 11).isGone(other)).toBe(true)
  })

  test('is gone if its number belongs to another process by now, be it our own', () => {
    const earlier = 'web-1/10/00000000/b0071d.4026531836.500'
    expect(ownersOn({ starts: { 10: '900', 11: '600' } }, 11).isGone(earlier)).toBe(true)
    expect(ownersOn({ starts: { 10: '900' } }, 10).isGone(earlier)).toBe(true)
    expect(ownersOn({ starts: { 10: '500', 11: '600' } }, 11).isGone(earlier)).toBe(false)
  })

  test('in another container with our host name and our number is not gone for us', () => {
    const theirs = ownersOn({ namespace: '4026532555', starts: { 1: '500' } }, 1)
    theirs.leave(() => false)
    const seenByOthers = theirs.self.replace(/\/[0-9a-f]{8}\//, '/00000000/')
    for (const pid of [1, 2]) expect(ownersOn({ starts: { [pid]: '700' } }, pid).isGone(seenByOthers)).toBe(false)
  })

  test('on a machine of the same name, or before it was started again, is not certainly gone', () => {
    const theirs = 'web-1/10/00000000/0ther0.4026531836.500'
    expect(ownersOn({ starts: { 11: '600' } }, 11).isGone(theirs)).toBe(false)
    expect(ownersOn({ starts: { 11: '600' } }, 11).isGone('web-2/10/00000000/b0071d.4026531836.500')).toBe(false)
  })

  test('that an earlier version named keeps its claim until the lease has passed', () => {
    expect(ownersOn({ starts: { 11: '600' } }, 11).isGone('web-1/10/3fa9c2d1')).toBe(false)
    expect(ownersOn({ starts: { 10: '600' } }, 10).isGone('web-1/10/3fa9c2d1')).toBe(false)
  })

  test.for(['', 'nobody', 'web-1', 'web-1/x/y', 'web-1/0/y', 'web-1/-1/y', 'web-1/10/y/z', 'web-1/10/y/b0071d.4026531836.500/more'])(
    'whose name says nothing (%j) is not certainly gone',
    (owner) => {
      expect(ownersOn({ starts: { 11: '600' } }, 11).isGone(owner)).toBe(false)
    },
  )

  test('is known by host and number alone where there are no namespaces, on a log that one machine has', () => {
    const processes = withoutNamespaces([10, 11])
    expect(ownersOn(processes, 11).isGone('mac/9/00000000')).toBe(false)
    expect(ownersOn(processes, 11).isGone('web-1/9/00000000')).toBe(true)
    expect(ownersOn(processes, 11).isGone('web-1/10/00000000')).toBe(false)
    expect(ownersOn(processes, 11, { isOneMachine: false }).isGone('web-1/9/00000000')).toBe(false)
    expect(ownersOn(processes, 11).isGone('web-1/9/00000000/b0071d.4026531836.500')).toBe(false)
  })

  test('that this process has left itself is gone', () => {
    const first = ownersOn({ starts: { 10: '500' } }, 10)
    const second = ownersOn({ starts: { 10: '500' } }, 10)
    expect(second.isGone(first.self)).toBe(false)
    first.leave(() => false)
    expect(second.isGone(first.self)).toBe(true)
  })

  test('that this process has left is not gone while code of a call still runs', () => {
    const first = ownersOn({ starts: { 10: '500' } }, 10)
    const second = ownersOn({ starts: { 10: '500' } }, 10)
    let isAtWork = true
    first.leave(() => isAtWork)
    expect(second.isGone(first.self)).toBe(false)
    isAtWork = false
    expect(second.isGone(first.self)).toBe(true)
  })

  test('has a name of one word, which people can read', () => {
    expect(ownersOn({ starts: { 10: '500' } }, 10).self).toMatch(/^web-1\/10\/[0-9a-f]{8}\/b0071d\.4026531836\.500$/)
    expect(ownersOn(systemProcesses, process.pid).self.length).toBeLessThan(100)
  })
})

describe.skipIf(process.platform !== 'linux')('on Linux', () => {
  test('a process that has ended is seen to have ended, and one that runs to run', async () => {
    const child = spawn('sleep', ['60'])
    const pid = child.pid ?? 0
    const { boot, namespace } = systemProcesses.here() ?? { boot: '', namespace: '' }
    const owner = `web-1/${pid}/00000000/${boot}.${namespace}.${systemProcesses.startOf(pid) ?? ''}`
    const owners = ownersOn(systemProcesses, process.pid)
    expect(owners.isGone(owner)).toBe(false)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(owners.isGone(owner)).toBe(true)
  })
})
