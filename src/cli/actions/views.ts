import type { Bus } from '../../bus/bus.ts'
import { readEnvironment } from '../../config.ts'
import { topicEnds } from '../../consumers/event-consumer.ts'
import { rebuildViews } from '../../consumers/rebuild-views.ts'
import { topicsOf } from '../../consumers/topics.ts'
import { viewStanding, type ViewStanding } from '../../consumers/view-standing.ts'
import { AppError } from '../../errors.ts'
import type { OpenRefold } from '../../open-refold.ts'
import { count, counted, duration } from '../../projections/amount-text.ts'
import { moment } from '../amounts.ts'
import type { CommandLine } from '../command-line.ts'
import { createScreen } from '../screen.ts'
import { reading } from '../session.ts'
import { textTable } from '../text-table.ts'

interface Fed {
  readonly bus: Bus
  readonly topic: string
}

const withViews = (line: CommandLine, use: (refold: OpenRefold, fed: Fed | undefined) => Promise<void>): Promise<void> =>
  reading(line, async (refold) => {
    const bus = await line.openBus(() => undefined)
    try {
      await use(refold, bus && { bus, topic: topicsOf(readEnvironment().REFOLD_TOPIC_PREFIX).events })
    } finally {
      await bus?.close()
    }
  })

export const status = (line: CommandLine): Promise<void> =>
  withViews(line, async (refold, fed) => {
    const standing = await viewStanding({ ...refold, clock: line.clock }, fed)
    await line.output.document(standing)
    if (line.output.json) return
    for (const text of statusLines(standing, line.output.width)) await line.output.line(text)
  })

const statusLines = ({ log, topic, generation, sizes }: ViewStanding, width: number): string[] => [
  `From the log: ${log.checkpoint === undefined ? 'never read' : `up to position ${log.checkpoint.position}`}, ${behind(log.lag, 'event', log.lagIsAtLeast)}`,
  ...(topic === undefined
    ? ['No topic feeds them: the processes that work on runs do, from the log.']
    : [
        `From ${topic.name}: ${behind(topic.lag, 'message')}${topic.pausedSince === undefined ? '' : `, paused since ${moment(topic.pausedSince)}`}`,
        ...topic.partitions.map(
          ({ partition, next, end }) => `  partition ${partition}: ${next === undefined ? 'never read' : `next ${next}`} of ${end}`,
        ),
      ]),
  `Generation ${generation}`,
  ...textTable(
    [{ title: 'TABLE' }, { title: 'ROWS', align: 'right' }],
    Object.entries(sizes).map(([name, rows]) => [name, count(rows)]),
    width,
  ),
]

const behind = (lag: number, noun: string, isAtLeast = false): string => {
  if (lag === 0) return isAtLeast ? 'perhaps behind: more was to be read than is quick' : 'all taken in'
  return `${isAtLeast ? 'at least ' : ''}${counted(lag, noun)} behind`
}

export const pause = (line: CommandLine, wanted: boolean): Promise<void> =>
  withViews(line, async ({ views }, fed) => {
    if (fed === undefined) {
      throw new AppError(
        'NotPossible',
        'Expected a topic that feeds the views (REFOLD_KAFKA), found none: the processes that work on runs feed them from the log, and cannot do without them',
      )
    }
    const since = wanted ? ((await views.pausedSince()) ?? line.clock.now()) : undefined
    await views.setPaused(since)
    await line.output.document({ pausedSince: since ?? null })
    await line.output.note(
      since === undefined
        ? 'Every `refold project` goes on.'
        : `Every \`refold project\` stands still since ${moment(since)}. Workers still take in what they need from the log.`,
    )
  })

export const rebuild = (line: CommandLine): Promise<void> =>
  withViews(line, async ({ log, views }, fed) => {
    const { clock, signal, output } = line
    const screen = createScreen(line, output.json)
    const began = clock.now()
    const topic = fed && { name: fed.topic, ends: () => topicEnds(fed.bus, fed.topic) }
    const events = await rebuildViews({
      log,
      views,
      signal,
      progress: (taken) => {
        screen.status(`… ${counted(taken, 'event')} in ${duration(clock.now() - began)}`)
      },
      ...(topic === undefined ? {} : { topic }),
    })
    screen.rest()
    const ms = clock.now() - began
    await output.document({ events, ms })
    await output.note(`${counted(events, 'event')} folded anew in ${duration(ms)}`)
  })
