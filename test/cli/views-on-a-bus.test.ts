import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { memoryBus } from '../../src/bus/memory/memory-bus.ts'
import type { Bus } from '../../src/bus/bus.ts'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import { runProgram } from '../../src/cli/program.ts'
import { systemClock } from '../../src/clock.ts'
import { toMessage } from '../../src/consumers/event-message.ts'
import { topicSpecs, topicsOf } from '../../src/consumers/topics.ts'
import type { ViewStanding } from '../../src/consumers/view-standing.ts'
import { openRefold } from '../../src/open-refold.ts'
import { configs } from './run-refold.ts'

// The commands as they are where a topic feeds the views, on a bus in memory.

const folder = mkdtempSync(join(tmpdir(), 'refold-views-'))
const topics = topicsOf('refold')
let bus: Bus

const said = (): { stream: NodeJS.WriteStream; text: () => string } => {
  let all = ''
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      all += chunk.toString()
      done()
    },
  })
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => all }
}

const refold = async (command: string): Promise<{ exitCode: number; stdout: string; stderr: string }> => {
  const [stdout, stderr] = [said(), said()]
  const parts = {
    stdin: process.stdin,
    stdout: stdout.stream,
    stderr: stderr.stream,
    cwd: folder,
    clock: systemClock,
    user: 'dana',
    signal: new AbortController().signal,
    open: openRefold,
    // A command closes the bus that it was given; this one goes on.
    openBus: () => Promise.resolve({ ...bus, close: () => Promise.resolve() }),
  }
  const exitCode = await runProgram([...command.split(' '), '--config', configs.clerk], parts, () => false)
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() }
}

const standing = async (): Promise<ViewStanding> => JSON.parse((await refold('views status --json')).stdout) as ViewStanding

beforeAll(async () => {
  bus = memoryBus({ clock: systemClock, notify: () => undefined })
  await bus.ensureTopics(topicSpecs(topics, 1))
  expect(await refold('run clerk --run-id hello -m hi')).toMatchObject({ exitCode: exitCodes.ok })
})
afterAll(async () => {
  await bus.close()
  rmSync(folder, { recursive: true })
})

const publishAll = async (): Promise<number> => {
  const opened = await openRefold({ ...(await import('./clerk.config.ts')).default, dir: join(folder, 'data'), recover: false })
  const messages = (await Array.fromAsync(opened.log.readAll())).map(toMessage)
  await opened.close()
  const publisher = await bus.openPublisher()
  await publisher.publish([{ topic: topics.events, messages }])
  await publisher.close()
  return messages.length
}

test('status says how far each way of feeding the views is', async () => {
  const published = await publishAll()
  expect((await standing()).topic).toEqual({
    name: topics.events,
    partitions: [{ partition: 0, end: published }],
    lag: published,
  })
  expect((await refold('views status')).stdout).toContain(`From ${topics.events}: ${published} messages behind`)
})

test('pause holds from the first one on until resume', async () => {
  expect(await refold('views pause --json')).toMatchObject({ exitCode: exitCodes.ok })
  const since = (await standing()).topic?.pausedSince
  expect(since).toEqual(expect.any(Number))
  await refold('views pause')
  expect((await standing()).topic?.pausedSince).toBe(since)
  expect((await refold('views status')).stdout).toContain('paused since')
  expect((await refold('query runs')).stderr).toContain('paused')
  expect(await refold('views resume --json')).toMatchObject({ exitCode: exitCodes.ok, stdout: '{\n  "pausedSince": null\n}\n' })
  expect((await standing()).topic?.pausedSince).toBeUndefined()
})

test('rebuild leaves the topic where it ends and the log where it was read', async () => {
  expect(await refold('views rebuild')).toMatchObject({
    exitCode: exitCodes.ok,
    stderr: expect.stringMatching(/events folded anew in/) as string,
  })
  const { log, topic, generation } = await standing()
  expect(generation).toBe(1)
  expect(log.lag).toBe(0)
  expect(topic).toMatchObject({ lag: 0, partitions: [{ next: topic?.partitions[0]?.end }] })
})
