import { isAppError, type ErrorCode } from '../../errors.ts'
import type { OpenRefold } from '../../open-refold.ts'
import { counted } from '../../projections/amount-text.ts'
import type { CommandLine } from '../command-line.ts'
import { loadConfig } from '../config-file.ts'
import { everyRun } from '../every-run.ts'
import { exitCodes } from '../exit-codes.ts'

type Recovered =
  | { readonly runId: string; readonly state: string; readonly waitsFor: string | null }
  | { readonly runId: string; readonly error: { readonly code: ErrorCode; readonly message: string } }

export const recover = async (line: CommandLine): Promise<void> => {
  const config = await loadConfig(line.cwd, line.configFile)
  // Taken up below, behind the list: what is settled at once would be missing in it.
  const refold = await line.open({ ...config, recover: false })
  try {
    const left = (await everyRun(refold)).filter(
      ({ status, paused, attentionAt }) => status === 'active' && !paused && attentionAt !== null,
    )
    await line.output.note(`${counted(left.length, 'run')} with work that is due, now or at a set time`)
    const recovered = await Promise.all(left.map(({ runId }) => recoverOne(line, refold, runId)))
    await line.output.document(recovered)
    if (recovered.some((each) => 'error' in each)) line.exitWith(exitCodes.wrong)
  } finally {
    await refold.close()
  }
}

const recoverOne = async (line: CommandLine, refold: OpenRefold, runId: string): Promise<Recovered> => {
  try {
    await refold.runtime.wake(runId)
    const { state, waitsFor } = await refold.run(runId).untilSettled({ signal: line.signal })
    await line.output.line(`${runId}  ${state}${waitsFor === null ? '' : `  waits for ${waitsFor}`}`)
    return { runId, state, waitsFor }
  } catch (error) {
    if (!isAppError(error)) throw error
    await line.output.line(`${runId}  ${error.code}: ${error.message}`)
    return { runId, error: { code: error.code, message: error.message } }
  }
}
