import { isAppError } from '../errors.ts'
import type { Delta } from '../runtime/deltas.ts'
import type { Run } from '../runtime/run-handle.ts'
import type { RunView } from '../fold/run-view.ts'
import { activityLine } from './timeline.ts'
import { coloursFor } from './colours.ts'
import type { CommandLine } from './command-line.ts'
import { liveRun, liveRunStatus } from './live-run.ts'
import { widthOf } from './output.ts'
import { createScreen } from './screen.ts'

/** Shows what a run does, and waits for it. */
export interface RunFollower {
  /** Does something to the run and shows all that follows, until nothing happens any more unless somebody does something. */
  until(command: () => Promise<unknown>): Promise<RunView>
  close(): void
}

/** Follows a run behind `revision`, -1 being its very beginning. To be made before the run moves, so that no text is missed. */
export const followRun = (line: CommandLine, run: Run, revision: number): RunFollower => {
  const screen = createScreen(line, line.output.json)
  const look = { colours: coloursFor(line.stderr), width: widthOf(line.stderr) }
  const stop = new AbortController()
  const signal = AbortSignal.any([stop.signal, line.signal])
  const live = liveRun()
  live.on('words', ({ text }) => {
    screen.words(text)
  })
  live.subscribe(({ context }) => {
    screen.status(liveRunStatus(context))
  })
  const writing = forwardText(run, { signal, isNew: revision < 0 }, (delta) => {
    if ('text' in delta) live.trigger.wrote(delta)
    else live.trigger.tookBack(delta)
  })

  /** Up to the revision at which the run has settled, which later events may have passed already. */
  const showUntil = async (from: number, settled: Promise<RunView>): Promise<void> => {
    const reached = new AbortController()
    let last = Infinity
    void settled.then(
      (view) => {
        last = view.revision
        if (from > last || live.getSnapshot().context.revision >= last) reached.abort()
      },
      () => {
        reached.abort()
      },
    )
    for await (const event of run.events({ from, signal: AbortSignal.any([signal, reached.signal]) })) {
      const text = activityLine(event, live.getSnapshot().context, look)
      live.trigger.recorded({ event })
      if (text !== undefined) screen.line(text)
      if (event.revision >= last) return
    }
  }

  return {
    async until(command) {
      const from = Math.max(revision, live.getSnapshot().context.revision) + 1
      await command()
      const settled = run.untilSettled({ signal })
      await showUntil(from, settled)
      const view = await settled
      screen.rest()
      return view
    },
    close() {
      stop.abort()
      void writing
      screen.rest()
    },
  }
}

interface Forwarding {
  readonly signal: AbortSignal
  readonly isNew: boolean
}

const forwardText = async (run: Run, { signal, isNew }: Forwarding, show: (delta: Delta) => void): Promise<void> => {
  try {
    // Only a run that is there has text.
    if (isNew) await firstEvent(run, signal)
    for await (const delta of run.deltas({ signal })) show(delta)
  } catch (error) {
    // Whoever moves the run, or waits for it, is told the same.
    if (!isAppError(error)) throw error
  }
}

const firstEvent = async (run: Run, signal: AbortSignal): Promise<void> => {
  const events = run.events({ signal })[Symbol.asyncIterator]()
  await events.next()
  await events.return?.()
}
