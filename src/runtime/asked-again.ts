import type { RunFact } from '../events/run-events.ts'
import type { RunState } from '../fold/run-state.ts'
import type { Agent } from './agent.ts'
import { approvalDigest } from './answer-tool-call.ts'

/** What people were asked for other code than that which would go on by their answer: the same question, for the same time, under another digest. */
export const askedAgain = (agent: Agent, approvals: RunState['approvals']): RunFact[] =>
  [...approvals.values()].flatMap((approval) => {
    const digest = approvalDigest(agent, approval.callId, approval.subject)
    return digest === approval.digest ? [] : [{ type: 'ApprovalRequested', data: { ...approval, digest } } satisfies RunFact]
  })
