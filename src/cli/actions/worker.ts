import { consumeCommands } from '../../consumers/commands-in.ts'
import { addRefoldMetrics, addViewMetrics } from '../../health/refold-metrics.ts'
import { addTracerMetrics } from '../../health/tracer-metrics.ts'
import { growBeside } from '../dataset-grower.ts'
import type { CommandLine } from '../command-line.ts'
import { tellOperator } from '../operator-lines.ts'
import { asServerProcess, untilStopped, type ServerProcess } from '../server-process.ts'

export const worker = (line: CommandLine, healthPort: number | undefined): Promise<void> =>
  asServerProcess(line, { needs: [], recover: true, healthPort }, async (parts) => {
    const { refold, bus, topics, metrics, ready, atEnd } = parts
    addRefoldMetrics(metrics, refold.counts)
    addViewMetrics(metrics, { ...refold, clock: line.clock })
    if (refold.tracer !== undefined) addTracerMetrics(metrics, line.clock, refold.tracer)
    atEnd(growBeside(parts))
    if (bus === undefined) ready()
    else takeCommands(line, { ...parts, bus })
    await tellOperator(line, `Working on runs${bus === undefined ? '' : ` and on ${topics.commands}`}`)
    await untilStopped(line, refold)
  })

const takeCommands = (line: CommandLine, parts: ServerProcess & { readonly bus: NonNullable<ServerProcess['bus']> }): void => {
  const { refold, bus, logger, topics, metrics, ready, atEnd } = parts
  const group = `${topics.prefix}.workers`
  const refused: Record<string, number> = {}
  const consumer = consumeCommands({
    bus,
    topics,
    group,
    clock: line.clock,
    runtime: refold.runtime,
    notify: (notice) => {
      refused[notice.code] = (refused[notice.code] ?? 0) + 1
      logger.warn(notice, 'a command was refused')
    },
  })
  atEnd(() => consumer.close())
  metrics.countedBy('refold_commands_refused_total', 'Commands that lie among the dead letters, by reason', 'code', () => refused)
  metrics.measured('refold_commands_waiting', 'Commands that no worker has taken in', () => bus.lag(group, topics.commands))
  ready({ name: 'bus', ask: () => bus.ranges(topics.commands) })
}
