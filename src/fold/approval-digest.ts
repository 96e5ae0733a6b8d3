import { sha256 } from '../hash.ts'
import { canonicalJson } from '../json.ts'
import type { Program } from './run-state.ts'

/** A version of an agent: `name@version`, and its charts. */
interface Code {
  readonly id: string
  readonly program: Pick<Program, 'chartHash'>
}

/** A grant holds for this call with exactly these arguments, on this version of the agent. */
export const approvalDigest = ({ id, program }: Code, callId: string, subject: unknown): string =>
  sha256(canonicalJson({ agent: id, chart: program.chartHash, callId, subject }))
