import { visibleText } from '../../src/text.ts'
import type { AgentList } from '../server/contract.ts'
import { Text } from './change-fields.tsx'
import { realTools, type ForkDraft } from './fork-request.ts'
import { fork } from './fork-store.ts'

type ToolOf = AgentList['agents'][number]['tools'][number]

interface EffectFieldsProps {
  readonly draft: ForkDraft
  readonly tools: readonly ToolOf[]
  /** The code of the agent is not here. */
  readonly isUnknown: boolean
  /** `name@version` */
  readonly agent: string
}

const change = (given: Partial<ForkDraft>): void => {
  fork.trigger.changed({ change: given })
}

/** How each call is served that the fork may make, and what models may cost. */
export const EffectFields = ({ draft, tools, isUnknown, agent }: EffectFieldsProps) => (
  <fieldset>
    <legend>Sealed</legend>
    {isUnknown && <p class="faint">{visibleText(agent)} has no tool here.</p>}
    {tools.length > 0 && (
      <>
        <ul class="tools">
          {tools.map((tool) => (
            <ToolFields key={tool.name} tool={tool} draft={draft} />
          ))}
        </ul>
        <Otherwise draft={draft} hasReads={tools.some(({ effect }) => effect === 'read')} />
        <label class="field real-effects">
          Real effects: type the name of each tool that is executed for real
          <input
            type="text"
            value={draft.real}
            autocomplete="off"
            spellcheck={false}
            onInput={({ currentTarget }) => {
              change({ real: currentTarget.value })
            }}
          />
        </label>
      </>
    )}
    <ModelLimits draft={draft} />
  </fieldset>
)

const ToolFields = ({ tool: { name, effect }, draft }: { readonly tool: ToolOf; readonly draft: ForkDraft }) => (
  <li>
    <details>
      <summary>
        <span class="mono">{visibleText(name)}</span> <span class="faint">{effect}</span> recorded, else {elseText(name, effect, draft)}
      </summary>
      <Text
        label={`What ${visibleText(name)} brings where nothing is recorded, as JSON`}
        rows={2}
        value={draft.simulate[name] ?? ''}
        give={(text) => {
          change({ simulate: { ...draft.simulate, [name]: text } })
        }}
      />
    </details>
  </li>
)

/** By the rules of the server. */
const elseText = (name: string, effect: ToolOf['effect'], draft: ForkDraft) => {
  if (realTools(draft).includes(name)) return <span class="source real">REAL</span>
  if (effect === 'read' && draft.reads) return <span class="source real">executed</span>
  if ((draft.simulate[name] ?? '').trim() !== '') return 'simulated'
  return draft.otherwise === 'samples' ? 'made up' : 'asked'
}

const Otherwise = ({ draft, hasReads }: { readonly draft: ForkDraft; readonly hasReads: boolean }) => (
  <>
    <label class="field">
      What nothing else answers
      <select
        value={draft.otherwise}
        onChange={({ currentTarget }) => {
          change({ otherwise: currentTarget.value === 'samples' ? 'samples' : 'ask' })
        }}
      >
        <option value="ask">is asked of a person</option>
        <option value="samples">is made up, from an example of the run or the schema of the tool</option>
      </select>
    </label>
    {hasReads && (
      <label>
        <input
          type="checkbox"
          checked={draft.reads}
          onChange={({ currentTarget }) => {
            change({ reads: currentTarget.checked })
          }}
        />{' '}
        tools that only read are executed
      </label>
    )}
  </>
)

const ModelLimits = ({ draft }: { readonly draft: ForkDraft }) => (
  <p class="limits">
    Models: recorded while prompts are equal, then at most{' '}
    <input
      type="number"
      min={0}
      max={1_000_000}
      step={1}
      aria-label="Calls of models at most; empty is no limit"
      value={draft.modelCalls}
      onInput={({ currentTarget }) => {
        change({ modelCalls: currentTarget.value })
      }}
    />{' '}
    calls and{' '}
    <input
      type="number"
      min={0}
      step="any"
      aria-label="US dollars at most; empty is no limit"
      value={draft.costUsd}
      onInput={({ currentTarget }) => {
        change({ costUsd: currentTarget.value })
      }}
    />{' '}
    $.
  </p>
)
