import { randomBytes } from 'node:crypto'
import { customerRuns, customers, personsAnswer, type CustomerRun } from '../../examples/order-desk/customers.ts'
import { line } from '../../examples/order-desk/story.ts'
import { kafkaBus } from '../../src/bus/kafka/kafka-bus.ts'
import { systemClock } from '../../src/clock.ts'
import { topicsOf } from '../../src/consumers/topics.ts'
import type { DeskProcesses } from './desk-processes.ts'
import type { DeskServers } from './desk-servers.ts'
import { deskService, type DeskService, type ServedView } from './desk-service.ts'

export interface Told {
  readonly views: readonly ServedView[]
  /** What was not as expected. */
  readonly problems: readonly string[]
}

interface Stage {
  readonly service: DeskService
  readonly processes: DeskProcesses
  readonly problems: string[]
}

export const say = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

/** The scenes of the embedded desk, by commands of another program and by a person at the HTTP service. */
export const tellStory = async (servers: DeskServers, processes: DeskProcesses): Promise<Told> => {
  const service = deskService(processes.url)
  const stage: Stage = { service, processes, problems: [] }
  const suffix = servers.areGiven ? `-${randomBytes(4).toString('hex')}` : ''
  const views: ServedView[] = []
  say(`\nEach run begins with a command on Kafka; the last line of each says who made its model and tool calls.`)
  await commandsTo(servers, async (send) => {
    for (const run of customerRuns) {
      const runId = `${run}${suffix}`
      say(`\n${run}`)
      await send(runId, customers[run])
      if (run === 'charge') await replaceKilledWorker(stage)
      views.push(await follow(stage, run, runId))
    }
  })
  say('\nEvery run refolds to what was recorded')
  for (const { runId } of views) await verify(stage, runId)
  return { views, problems: stage.problems }
}

type Send = (runId: string, message: string) => Promise<void>

/** Another program, which knows the topic and the schema of a command and nothing else. */
const commandsTo = async ({ environment }: DeskServers, use: (send: Send) => Promise<void>): Promise<void> => {
  const bus = kafkaBus({ brokers: environment.REFOLD_KAFKA.split(','), clock: systemClock, notify: () => undefined })
  const publisher = await bus.openPublisher()
  try {
    await use(async (runId, message) => {
      const command = { type: 'startRun', commandId: `start-${runId}`, runId, agent: 'order-desk', message }
      await publisher.publish([
        { topic: topicsOf('refold').commands, messages: [{ key: runId, value: JSON.stringify(command), headers: {} }] },
      ])
    })
  } finally {
    await publisher.close()
    await bus.close()
  }
}

/** The first worker that charges is killed by it. A supervisor starts another, which takes the run up at once. */
const replaceKilledWorker = async ({ processes }: Stage): Promise<void> => {
  say(`   ${await processes.workerGone()} is killed right after the card was charged; worker 3 is started`)
  await processes.startWorker('worker 3')
}

/** Prints what a run records until it rests; a person grants what is asked, and answers where the agent was stopped. */
const follow = async ({ service, processes }: Stage, run: CustomerRun, runId: string): Promise<ServedView> => {
  const calls = new Map<string, number>()
  const tell = async (from: number): Promise<void> => {
    for (const event of await service.events(runId, from)) {
      const text = line(event)
      if (text !== undefined) say(`   ${text}`)
      if (event.type !== 'ModelCallRequested' && event.type !== 'ToolCallRequested') continue
      const name = processes.nameOf(event.data.owner)
      calls.set(name, (calls.get(name) ?? 0) + 1)
    }
  }
  let view = await service.untilSettled(runId)
  if (view.waitsFor === 'approval') {
    for (const { callId } of view.approvals) await service.command(`runs/${runId}/approvals/${callId}/grant`, { by: 'dana' })
    view = await service.untilSettled(runId)
  }
  await tell(0)
  if (run === 'circles' && view.state === 'escalated') {
    await service.command(`runs/${runId}/answer`, personsAnswer)
    await tell(view.revision + 1)
    view = await service.untilSettled(runId)
  }
  say(`   performed by ${[...calls].map(([name, count]) => `${name} (${count} calls)`).join(', ')}`)
  return view
}

const verify = async ({ service, problems }: Stage, runId: string): Promise<void> => {
  const { ok, events, report = '' } = await service.verify(runId)
  say(`   ${runId}: ${ok ? `${events} events` : report}`)
  if (!ok) problems.push(`${runId} refolds to something else: ${report}`)
}
