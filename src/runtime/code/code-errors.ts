import { AppError, isAppError, messageOf } from '../../errors.ts'
import type { RunEvent } from '../../events/envelope.ts'
import { describeBroken, type BrokenProjection } from '../../fold/fold-projections.ts'
import type { Disagreement } from '../../fold/replay.ts'
import type { Agent } from '../agent.ts'

const REMEDY =
  'Give the changed agent a new version and list both: running runs end on the old one, new runs begin on the new one. ' +
  'Until then nothing of this run is performed; it can be shown and cancelled.'

/** The structure of the charts in code is not the one that the run was started with. */
export const structureChanged = (runId: string, agent: Agent, recorded: string): AppError => {
  const found = agent.program.chartHash
  return new AppError(
    'ChartChanged',
    `${runId} was started on chart ${recorded} of ${agent.id}, but the code now has chart ${found} under the same version. ${REMEDY}`,
    { details: { runId, agent: agent.id, recorded, found } },
  )
}

/** The structure is the same, but a guard, an assign, a delay or another function of the chart is not. */
export const codeChanged = (runId: string, agent: Agent): AppError =>
  new AppError(
    'ChartChanged',
    `${runId} was started on other code of the chart of ${agent.id}: under the same version a guard, an assign, a delay or another function of it was changed. ${REMEDY}`,
    { details: { runId, agent: agent.id } },
  )

/** The charts in code have the recorded structure, and yet an event leads them elsewhere than it did. */
export const placeChanged = (agent: Agent, { runId, revision, type }: RunEvent, { what, recorded, refolded }: Disagreement): AppError => {
  const words = (text: string): string => (text === '' ? '(nothing)' : text)
  return new AppError(
    'ChartChanged',
    `${runId} recorded at revision ${revision} (${type}) as its ${what}: ${words(recorded)}. The code of ${agent.id} now says: ${words(refolded)}. ${REMEDY}`,
    { details: { runId, agent: agent.id, revision, what, recorded, found: refolded } },
  )
}

/** The code of a run is gone or was changed: it can be shown and cancelled, and nothing else. */
export const isWithoutCode = (error: unknown): error is AppError => isAppError(error, 'UnknownAgent') || isAppError(error, 'ChartChanged')

/** A run that a projection of its agent stops. */
export const projectionFailed = (runId: string, broken: BrokenProjection): AppError => {
  const { projection, revision, type } = broken
  return new AppError('CodeFailed', `${runId} is stopped: ${describeBroken(broken)}. Repair it: the run goes on where it stands.`, {
    retryable: true,
    details: { runId, projection, revision, type },
  })
}

/** Whatever a chart, or what it asked for, has thrown. What is an error of Refold already stays what it is. */
export const codeFailed = (runId: string, thrown: unknown): AppError =>
  isAppError(thrown) && thrown.code !== 'UnexpectedEvent'
    ? thrown
    : new AppError('CodeFailed', `${runId} is stopped: ${messageOf(thrown)}. Repair it: the run goes on where it stands.`, {
        retryable: true,
        details: { ...(isAppError(thrown) ? thrown.details : {}), runId },
        cause: thrown,
      })
