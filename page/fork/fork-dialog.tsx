import { useSelector } from '@xstate/store-preact'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { visibleText } from '../../src/text.ts'
import { ProblemCard } from '../parts/problem-card.tsx'
import { openRun } from '../run/run-store.ts'
import type { AgentList } from '../server/contract.ts'
import '../style/fork.css'
import { ChangeFields } from './change-fields.tsx'
import { EffectFields } from './effect-fields.tsx'
import { forkPlace, type ForkPlace } from './fork-place.ts'
import { forkRequest, realTools, type ForkDraft, type ForkRequest } from './fork-request.ts'
import { fork } from './fork-store.ts'
import { forking, type Forking } from './forking.ts'

/** From where, what is otherwise, and what the fork may do: all on one sheet, with what will happen before anything does. */
export const ForkDialog = ({ from }: { readonly from: Forking }) => {
  const { rows, states } = useSelector(openRun, ({ context }) => context)
  const dialog = useRef<HTMLDialogElement>(null)
  const place = useMemo(() => forkPlace(rows, states, from.at), [rows, states, from.at])
  useEffect(() => {
    fork.trigger.begun()
    dialog.current?.showModal()
  }, [from])
  return (
    <dialog ref={dialog} class="fork" aria-labelledby="fork-title" onClose={forking.trigger.closed}>
      <h2 id="fork-title">
        Fork <span class="mono">{visibleText(from.runId)}</span> at #{place?.at ?? from.at}
      </h2>
      {place !== undefined && <Form from={from} place={place} close={() => dialog.current?.close()} />}
    </dialog>
  )
}

interface FormProps {
  readonly from: Forking
  readonly place: ForkPlace
  readonly close: () => void
}

const Form = ({ from, place, close }: FormProps) => {
  const { draft, agents, error, isSending } = useSelector(fork, ({ context }) => context)
  const { id, tools, versions } = agentOf(place, draft, agents ?? [])
  const asked = forkRequest(
    draft,
    place,
    tools.map((tool) => tool.name),
  )
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (asked.problems.length === 0) fork.trigger.sent({ from, body: asked.body })
      }}
    >
      {place.isBeforeEnd && <p>Nothing goes on behind its end: this is the last event before it.</p>}
      <ChangeFields runId={from.runId} place={place} draft={draft} versions={versions} />
      <EffectFields draft={draft} tools={tools} isUnknown={agents !== undefined && tools.length === 0} agent={id} />
      <Before place={place} draft={draft} asked={asked} />
      {error !== undefined && <ProblemCard error={error} />}
      <p class="buttons">
        <button type="button" onClick={close}>
          Close
        </button>
        <button type="submit" class="main" disabled={isSending || asked.problems.length > 0}>
          {isSending ? 'Forking …' : 'Fork'}
        </button>
      </p>
    </form>
  )
}

/** The code that goes on, and all versions of it that are here. */
const agentOf = (place: ForkPlace, { change, agentVersion }: ForkDraft, agents: AgentList['agents']) => {
  const name = place.agent.slice(0, place.agent.lastIndexOf('@'))
  const id = change === 'agentVersion' && agentVersion !== '' ? `${name}@${agentVersion}` : place.agent
  const tools = agents.find((agent) => `${agent.name}@${agent.version}` === id)?.tools ?? []
  return { id, tools, versions: agents.filter((agent) => agent.name === name) }
}

/** What will happen, before it does. */
const Before = ({ place, draft, asked }: { readonly place: ForkPlace; readonly draft: ForkDraft; readonly asked: ForkRequest }) => {
  const { models, tools, others } = place.recorded
  const real = realTools(draft)
  return (
    <div class="before" role="status">
      <p>
        Before it starts: {place.at + 1} events are copied; {models + tools + others} results of what followed are recorded ({models} of
        models, {tools} of tools, {others} others) and answer it as long as it asks for the same.
      </p>
      <p class={real.length === 0 && !draft.reads ? '' : 'real-effects'}>
        {real.length === 0 ? '0 real effects' : `Real effects: ${visibleText(real.join(', '))} will be executed where nothing is recorded`}
        {draft.reads && ', and tools that only read are executed'}.
      </p>
      {asked.problems.map((problem) => (
        <p key={problem} class="faint">
          {visibleText(problem)}.
        </p>
      ))}
    </div>
  )
}
