import { AppError, isAppError, messageOf } from '../errors.ts'
import { describeBroken, type BrokenProjection } from '../fold/fold-projections.ts'

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
