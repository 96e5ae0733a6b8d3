import { AppError } from '../errors.ts'
import type { ExpectedRevision } from './event-log.ts'

const inWords = (revision: ExpectedRevision): string => (typeof revision === 'number' ? `at revision ${revision}` : `"${revision}"`)

export const conflict = (stream: string, expected: ExpectedRevision, head: number): AppError => {
  const actual = head < 0 ? 'no-stream' : head
  return new AppError('EventLogConflict', `${stream} is ${inWords(actual)}, not ${inWords(expected)} as expected`, {
    details: { stream, expected, actual },
  })
}

export const streamNotFound = (stream: string): AppError =>
  new AppError('StreamNotFound', `there is no stream ${stream}`, { details: { stream } })

export const streamDeleted = (stream: string): AppError => new AppError('StreamDeleted', `${stream} was deleted`, { details: { stream } })

export const logClosed = (): AppError => new AppError('Closed', 'the event log is closed')

export const aheadOfLog = (after: number, head: number | undefined, stream: string | undefined): AppError =>
  new AppError(
    'InvalidInput',
    `cannot subscribe after ${after}: ${stream ?? 'the log'} ends at ${head ?? 'nothing'}, so this checkpoint is of another log`,
    { details: { after, head, stream } },
  )
