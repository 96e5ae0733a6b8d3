import { useSelector } from '@xstate/store-preact'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { visibleText } from '../../src/text.ts'
import { hrefOf } from '../address/address.ts'
import { Link } from '../address/link.tsx'
import { pathPart } from '../address/path-part.ts'
import { JsonTree } from '../json/json-tree.tsx'
import { useKeys } from '../keys/keys.ts'
import { CopyButton } from '../parts/copy-button.tsx'
import { ProblemCard } from '../parts/problem-card.tsx'
import { SaidParts } from '../parts/said-parts.tsx'
import { ShownText } from '../parts/shown-text.tsx'
import { runHref } from '../runs/run-row.tsx'
import type { Prompt } from '../server/contract.ts'
import { promptCopies } from './prompt-copies.ts'
import { prompts, type PromptPlace } from './prompt-store.ts'
import { WrittenRequest } from './written-request.tsx'

type Said = Prompt['messages'][number]

export const promptHref = (runId: string, callId: string, attempt?: number): string =>
  hrefOf(`${runHref(runId)}/prompt/${pathPart(callId)}`, { attempt: attempt === undefined ? undefined : String(attempt) })

/** What exactly a model was asked, rebuilt from the log and compared with what was recorded. */
export const PromptPage = ({ runId, callId, attempt }: PromptPlace) => {
  const { prompt, error } = useSelector(prompts, ({ context }) => context)
  useEffect(() => {
    prompts.trigger.wanted({ place: { runId, callId, attempt } })
  }, [runId, callId, attempt])
  useKeys(promptCopies)
  return (
    <div class="prompt">
      <p>
        <Link to={runHref(runId)}>‹ {visibleText(runId)}</Link>
      </p>
      <h1>
        Prompt of call <span class="mono">{visibleText(callId)}</span>
      </h1>
      {error !== undefined && <ProblemCard error={error} />}
      {prompt !== undefined && <Shown prompt={prompt} />}
    </div>
  )
}

const Shown = ({ prompt }: { readonly prompt: Prompt }) => (
  <>
    <p>
      attempt {prompt.attempt}, {visibleText(prompt.model)}, {prompt.purpose}, asked at{' '}
      <Link to={hrefOf(runHref(prompt.runId), { at: String(prompt.revision) })}>#{prompt.revision}</Link> <Badge prompt={prompt} />{' '}
      <CopyButton text={JSON.stringify(prompt, null, 2)} what="prompt as JSON" />
    </p>
    {prompt.missing.map((sentence) => (
      <p key={sentence} class="problem">
        {visibleText(sentence)}
      </p>
    ))}
    <WrittenRequest prompt={prompt} />
    <Messages prompt={prompt} />
    {prompt.instructions !== null && (
      <Part name="Instructions">
        <p class="said">
          <ShownText text={prompt.instructions} />
        </p>
      </Part>
    )}
    {prompt.tools !== null && (
      <Part name={`Tools, ${prompt.tools.length}`}>
        {prompt.tools.map((tool) => (
          <JsonTree key={tool.name} name={tool.name} value={{ description: tool.description, input: tool.inputSchema }} depth={2} />
        ))}
        <JsonTree name="choice" value={prompt.toolChoice} />
      </Part>
    )}
    {prompt.output !== null && (
      <Part name="Output">
        <JsonTree value={prompt.output} />
      </Part>
    )}
    <Part name="Settings">
      <JsonTree value={prompt.settings} />
    </Part>
  </>
)

const Badge = ({ prompt: { fingerprint } }: { readonly prompt: Prompt }) => {
  const { agrees, recorded } = fingerprint
  const words = agrees === null ? 'cannot be rebuilt' : agrees ? 'rebuilt, fingerprint agrees' : 'rebuilt, fingerprint differs'
  return (
    <strong class={`sign ${agrees === true ? 'good' : agrees === null ? 'warn' : 'bad'}`} title={recorded}>
      {agrees === true ? '✓' : '!'} {words}
    </strong>
  )
}

const Part = ({ name, children }: { readonly name: string; readonly children: ComponentChildren }) => (
  <section>
    <h2>{name}</h2>
    {children}
  </section>
)

/** What is new goes before what the call before has been told too. */
const Messages = ({ prompt: { runId, messages, messageCount, sameAsBefore, before } }: { readonly prompt: Prompt }) => {
  const known = messages.filter(({ index }) => index < sameAsBefore)
  const fresh = messages.filter(({ index }) => index >= sameAsBefore)
  const left = messageCount - messages.length
  return (
    <Part name={`Messages, ${messageCount}`}>
      {left > 0 && <p class="faint">The first {left} of them are not shown.</p>}
      {known.length > 0 && before !== null && (
        <details>
          <summary>
            {sameAsBefore} messages as in{' '}
            <Link to={promptHref(runId, before.callId, before.attempt)}>call {visibleText(before.callId)}</Link>
          </summary>
          <List runId={runId} messages={known} />
        </details>
      )}
      <List runId={runId} messages={fresh} />
    </Part>
  )
}

const List = ({ runId, messages }: { readonly runId: string; readonly messages: readonly Said[] }) => (
  <ol class="transcript">
    {messages.map(({ index, revision, message }) => (
      <li key={index} class={`message ${message.role}`}>
        <p class="who">
          <strong>{message.role}</strong> {message.role === 'tool' && visibleText(message.name)}{' '}
          {revision === null ? (
            <span class="faint">in the code of the chart</span>
          ) : (
            <Link to={hrefOf(runHref(runId), { at: String(revision) })}>#{revision}</Link>
          )}
        </p>
        <SaidParts parts={message.parts} />
      </li>
    ))}
  </ol>
)
