import { useState } from 'preact/hooks'
import { approvalDigest } from '../../src/fold/approval-digest.ts'
import { JsonDiff } from '../diff/json-diff.tsx'
import { visibleText } from '../../src/text.ts'
import type { Run } from '../server/contract.ts'

interface Subject {
  readonly tool?: string
  readonly input?: unknown
}

interface ArgumentsFieldProps {
  readonly name: string
  readonly label: string
  readonly run: Run
  readonly callId: string
}

/** The arguments of a call as they were asked for, to be changed, and what is otherwise then. A question of a chart has none. */
export const ArgumentsField = ({ name, label, run, callId }: ArgumentsFieldProps) => {
  const { tool, input } = (run.approvals.find((each) => each.callId === callId)?.subject ?? {}) as Subject
  const [text, setText] = useState(JSON.stringify(input ?? null, null, 2))
  if (tool === undefined) return <p>There are no arguments to change.</p>
  const given = parsed(text)
  return (
    <>
      <label class="field">
        {label}
        <textarea
          name={name}
          rows={Math.min(16, Math.max(4, text.split('\n').length))}
          required
          class="mono"
          spellcheck={false}
          value={text}
          aria-invalid={!given.ok}
          onInput={(event) => {
            setText(event.currentTarget.value)
          }}
        />
      </label>
      <div role="status">
        {given.ok ? (
          <Changed run={run} callId={callId} subject={{ tool, input }} input={given.value} />
        ) : (
          <p>{visibleText(given.problem)}</p>
        )}
      </div>
    </>
  )
}

const Changed = ({
  run,
  callId,
  subject: { tool, input: before },
  input,
}: Pick<ArgumentsFieldProps, 'run' | 'callId'> & { readonly subject: Subject; readonly input: unknown }) => {
  const digest = approvalDigest({ id: run.agent, program: run }, callId, { tool, input })
  return (
    <>
      <JsonDiff a={before} b={input} />
      <p class="faint">
        digest of what is granted <code title={digest}>{digest.slice(0, 16)}</code>
      </p>
    </>
  )
}

type Parsed = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string }

const parsed = (text: string): Parsed => {
  try {
    return { ok: true, value: JSON.parse(text) as unknown }
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? `This is no JSON: ${error.message}` : 'This is no JSON' }
  }
}
