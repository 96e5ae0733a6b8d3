import { useSelector } from '@xstate/store-preact'
import { useEffect } from 'preact/hooks'
import { canonicalJson } from '../../src/json.ts'
import type { DiffPrompt, RunDiff } from '../../src/projections/run-diff.ts'
import { visibleText } from '../../src/text.ts'
import { Link } from '../address/link.tsx'
import { ProblemCard } from '../parts/problem-card.tsx'
import { SaidParts } from '../parts/said-parts.tsx'
import { promptHref } from '../prompt/prompt-page.tsx'
import type { Prompt } from '../server/contract.ts'
import type { Compared, Side } from './diff-store.ts'
import { fixedParts } from './fixed-parts.ts'
import { JsonDiff, WordDiff } from './json-diff.tsx'

const MOST_MESSAGES = 20

/** What the first prompts that differ have each for itself. */
export const PromptDiff = ({ prompts, compared }: { readonly prompts: NonNullable<RunDiff['prompts']>; readonly compared: Compared }) => {
  const { a, b } = prompts
  const same = sameMessages(a, b)
  return (
    <section class="prompts" aria-labelledby="prompts">
      <h2 id="prompts">The first prompts that differ</h2>
      <div class="pair">
        <Asked name="A" side={compared.a} prompt={a} />
        <Asked name="B" side={compared.b} prompt={b} />
      </div>
      {a.promptHash !== b.promptHash && <FixedParts compared={compared} a={a} b={b} />}
      {canonicalJson(a.settings) !== canonicalJson(b.settings) && (
        <>
          <h3>Settings</h3>
          <JsonDiff a={a.settings} b={b.settings} />
        </>
      )}
      <h3>Messages, {same} in common</h3>
      <div class="pair">
        <Messages name="A" messages={a.messages.slice(same)} />
        <Messages name="B" messages={b.messages.slice(same)} />
      </div>
    </section>
  )
}

const sameMessages = (a: DiffPrompt, b: DiffPrompt): number => {
  const differs = a.messages.findIndex((message, index) => canonicalJson(message) !== canonicalJson(b.messages[index] ?? null))
  return differs < 0 ? a.messages.length : differs
}

const callAt = ({ events }: Side, { revision }: DiffPrompt): { readonly callId: string; readonly attempt: number } => {
  const event = events[revision]
  return event?.type === 'ModelCallRequested' ? event.data : { callId: '', attempt: 1 }
}

const Asked = ({ name, side, prompt }: { readonly name: string; readonly side: Side; readonly prompt: DiffPrompt }) => {
  const { callId, attempt } = callAt(side, prompt)
  return (
    <p class="side">
      {name}: {visibleText(prompt.model)} at <Link to={promptHref(side.place.runId, callId, attempt)}>#{prompt.revision}</Link>
    </p>
  )
}

/** Instructions, tools and output, which the events name by a hash. */
const FixedParts = ({ compared, a, b }: { readonly compared: Compared; readonly a: DiffPrompt; readonly b: DiffPrompt }) => {
  const { prompts, error } = useSelector(fixedParts, ({ context }) => context)
  const [left, right] = [callAt(compared.a, a), callAt(compared.b, b)]
  useEffect(() => {
    fixedParts.trigger.wanted({
      calls: [
        { runId: compared.a.place.runId, ...left },
        { runId: compared.b.place.runId, ...right },
      ],
    })
  }, [compared])
  if (error !== undefined) return <ProblemCard error={error} />
  if (prompts === undefined) return <p class="faint">Loading …</p>
  const [one, other] = prompts
  return (
    <>
      <h3>Instructions</h3>
      <p class="side">
        <WordDiff a={one.instructions ?? ''} b={other.instructions ?? ''} />
      </p>
      <h3>Tools and output</h3>
      <JsonDiff a={fixedOf(one)} b={fixedOf(other)} />
    </>
  )
}

const fixedOf = ({ tools, toolChoice, output }: Prompt): unknown => ({
  tools: Object.fromEntries((tools ?? []).map(({ name, ...tool }) => [name, tool])),
  toolChoice,
  output,
})

const Messages = ({ name, messages }: { readonly name: string; readonly messages: DiffPrompt['messages'] }) => (
  <ol class="side transcript" aria-label={`Messages of ${name} alone`}>
    {messages.length === 0 && <li class="faint">none</li>}
    {messages.slice(0, MOST_MESSAGES).map((message, index) => (
      <li key={index} class={`message ${message.role}`}>
        <p class="who">
          <strong>{message.role}</strong>
        </p>
        <SaidParts parts={message.parts} />
      </li>
    ))}
    {messages.length > MOST_MESSAGES && <li class="faint">{messages.length - MOST_MESSAGES} more</li>}
  </ol>
)
