import { shown } from '../text.ts'
import { AppError } from '../errors.ts'
import { isComparable } from '../events/comparable.ts'
import { readOptions } from './checked-wish.ts'

// What somebody may ask of a run without wishing anything. All throw `InvalidInput`. Programs without types end here.

/** A text that may be the id of a run: whether there is such a run shows at its first use. */
export const checkIdOfRun = (runId: unknown): void => {
  if (typeof runId === 'string' && isComparable(runId)) return
  throw new AppError('InvalidInput', `Expected the id of a run as a text, found ${shown(runId)}`)
}

export const checkRevision = (revision: unknown): void => {
  if (isRevision(revision)) return
  throw new AppError('InvalidInput', `Expected a revision 0, 1, 2 …, found ${shown(revision)}`)
}

const isRevision = (value: unknown): boolean => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

interface Waiting {
  readonly from?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** From where, and for how long, somebody follows a run. */
export const checkedWaiting = <Options extends Waiting>(given: Options | undefined): Options | undefined => {
  if (given === undefined) return undefined
  const options = readOptions(given, 'options as an object')
  const { from, signal }: { readonly from?: unknown; readonly signal?: unknown } = options
  if (from !== undefined) checkRevision(from)
  if (signal === undefined || signal instanceof AbortSignal) return options
  throw new AppError('InvalidInput', `Expected the signal to be an AbortSignal, found ${shown(signal)}`)
}

/** UTF-16 units. */
const LONGEST_VERSION = 200

export const checkVersion = (version: unknown): void => {
  if (typeof version === 'string' && version !== '' && version.length <= LONGEST_VERSION) return
  const length = typeof version === 'string' ? ` of ${version.length} characters` : ''
  throw new AppError('InvalidInput', `Expected a version of 1 to ${LONGEST_VERSION} characters, found ${shown(version)}${length}`)
}
