import { useState } from 'preact/hooks'
import { visibleJson } from '../../src/text.ts'
import { hrefOf } from '../address/address.ts'
import { pathPart } from '../address/path-part.ts'
import { JsonTree } from '../json/json-tree.tsx'
import { CopyButton } from '../parts/copy-button.tsx'
import { ProblemCard } from '../parts/problem-card.tsx'
import { shortText } from '../parts/short-text.ts'
import { useAnswer } from '../server/answers.ts'
import type { Prompt, WrittenPrompt } from '../server/contract.ts'

/** The prompt as a vendor takes it, to ask it again elsewhere; there is no key in it. */
export const WrittenRequest = ({ prompt }: { readonly prompt: Prompt }) => {
  const [isOpen, setOpen] = useState(false)
  return (
    <details
      class="written"
      onToggle={({ currentTarget }) => {
        setOpen(currentTarget.open)
      }}
    >
      <summary>As a request of a vendor, for a shell and for a script</summary>
      {isOpen && <Written prompt={prompt} />}
    </details>
  )
}

const Written = ({ prompt: { runId, callId, attempt } }: { readonly prompt: Prompt }) => {
  const [as, setAs] = useState<string | undefined>()
  const path = `/v1/runs/${pathPart(runId)}/model-calls/${pathPart(callId)}/request`
  const { value, error } = useAnswer<WrittenPrompt>(hrefOf(path, { attempt: String(attempt), as }))
  if (error !== undefined) return <ProblemCard error={error} />
  if (value === undefined) return <p class="loading faint">Loading …</p>
  return (
    <>
      <p class="buttons">
        <label>
          Form{' '}
          <select
            value={value.as}
            onChange={({ currentTarget }) => {
              setAs(currentTarget.value)
            }}
          >
            {value.forms.map((form) => (
              <option key={form} value={form}>
                {shortText(form)}
              </option>
            ))}
          </select>
        </label>
        <span>
          JSON <CopyButton key={`json ${value.as}`} text={visibleJson(JSON.stringify(value.body, null, 2))} what="request as JSON" />
        </span>
        <span>
          curl <CopyButton key={`curl ${value.as}`} text={value.curl} what="request as curl" />
        </span>
        {value.scriptLine !== null && (
          <span>
            answer as a line of a script <CopyButton text={value.scriptLine} what="answer as a line of a script" />
          </span>
        )}
      </p>
      {value.dropped.length > 0 && <p class="faint">It cannot carry: {shortText(value.dropped.join(', '))}.</p>}
      <p class="faint">
        POST {value.url}, with the key from <code>${value.key.variable}</code>
      </p>
      <JsonTree value={value.body} depth={1} />
    </>
  )
}
