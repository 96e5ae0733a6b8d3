import { isUnavailable } from '../errors.ts'
import type { ViewsBehind } from '../consumers/quick-catch-up.ts'
import type { OpenRefold } from '../open-refold.ts'
import { age, moment } from './amounts.ts'
import type { CommandLine } from './command-line.ts'
import type { FreshOption } from './fresh-option.ts'

/** Before views are read: as far as it is quick, and what they lack is said; or all of it, where that is asked for. */
export const takeIn = async (
  line: CommandLine,
  { projector, catchUpQuickly }: Pick<OpenRefold, 'projector' | 'catchUpQuickly'>,
  { fresh }: FreshOption,
): Promise<void> => {
  if (fresh === true) return projector.catchUp()
  try {
    const behind = await catchUpQuickly()
    if (behind !== undefined) await line.output.remark(behindText(behind, line.clock.now()), { behind: { since: behind.since ?? null } })
  } catch (error) {
    if (!isUnavailable(error)) throw error
    const text = `The newest events may be missing in what is listed: ${error.message}`
    await line.output.remark(text, { behind: { since: null, code: error.code, message: error.message } })
  }
}

const behindText = ({ since }: ViewsBehind, now: number): string => {
  const lacking =
    since === undefined
      ? 'the newest events may be missing'
      : `what was recorded since ${moment(since)} (${age(now - since)} ago) may be missing`
  return `The views are behind the log: ${lacking}. Wait for it: --fresh`
}
