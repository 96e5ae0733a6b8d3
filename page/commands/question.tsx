import { visibleText } from '../../src/text.ts'
import { JsonTree } from '../json/json-tree.tsx'
import { ShownText } from '../parts/shown-text.tsx'
import { Time } from '../preferences/time.tsx'
import type { Run } from '../server/contract.ts'

interface Subject {
  readonly tool?: string
  readonly input?: unknown
  readonly question?: string
}

/** What exactly is asked, or what nobody knows of: the same on a card and in the dialog that decides. */
export const Question = ({ run, callId }: { readonly run: Run; readonly callId: string }) => {
  const approval = run.approvals.find((each) => each.callId === callId)
  const unresolved = run.unresolved.find((each) => each.callId === callId)
  if (approval === undefined && unresolved === undefined) return <p>This is not asked any more.</p>
  const { tool, input, question } = (approval?.subject ?? unresolved ?? {}) as Subject
  return (
    <div class="question">
      {question !== undefined && (
        <p>
          <ShownText text={question} />
        </p>
      )}
      {tool !== undefined && (
        <p>
          <strong class="mono">{visibleText(tool)}</strong>
        </p>
      )}
      {input !== undefined && <JsonTree value={input} />}
      {approval !== undefined && (
        <>
          <p class="faint">
            digest <code title={approval.digest}>{approval.digest.slice(0, 16)}</code>, denied by itself <Time at={approval.expiresAt} />
          </p>
          {approval.unread.map((text, index) => (
            <p key={index} class="unread">
              The user has said since: “<ShownText text={text} />”
            </p>
          ))}
        </>
      )}
    </div>
  )
}
