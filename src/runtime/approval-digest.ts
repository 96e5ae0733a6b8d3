import { sha256 } from '../hash.ts'
import { canonicalJson } from '../json.ts'
import type { Agent } from './agent.ts'

/** A grant holds for this call with exactly these arguments, on this version of the agent. */
export const approvalDigest = (agent: Pick<Agent, 'id' | 'program'>, callId: string, subject: unknown): string =>
  sha256(canonicalJson({ agent: agent.id, chart: agent.program.chartHash, callId, subject }))
