import { visibleText } from '../../src/text.ts'
import { openRun } from '../run/run-store.ts'
import type { AgentList } from '../server/contract.ts'
import type { Change, ForkPlace } from './fork-place.ts'
import type { ForkDraft } from './fork-request.ts'
import { fork, loadInstructions } from './fork-store.ts'

interface ChangeFieldsProps {
  readonly runId: string
  readonly place: ForkPlace
  readonly draft: ForkDraft
  /** Of the agent, all that are here. */
  readonly versions: AgentList['agents']
}

const change = (given: Partial<ForkDraft>): void => {
  fork.trigger.changed({ change: given })
}

/** What is otherwise than in the origin: only what can be, there. */
export const ChangeFields = ({ runId, place, draft, versions }: ChangeFieldsProps) => {
  const others = versions.filter(({ name, version }) => `${name}@${version}` !== place.agent)
  const about = { runId, place, draft }
  return (
    <fieldset>
      <legend>Otherwise</legend>
      <div class="choices">
        <Choice of="nothing" name="nothing" {...about} />
        <Choice of="message" name="message" {...about} />
        {place.calls.length > 0 && <Choice of="result" name="tool result" {...about} />}
        <Choice of="instructions" name="instructions" {...about} />
        <Choice of="model" name="model" {...about} />
        {others.length > 0 && <Choice of="agentVersion" name="agent version" {...about} />}
      </div>
      <FieldsOf place={place} draft={draft} others={others} />
    </fieldset>
  )
}

interface ChoiceProps extends Pick<ChangeFieldsProps, 'runId' | 'place' | 'draft'> {
  readonly of: Change
  readonly name: string
}

const Choice = ({ of, name, runId, place, draft }: ChoiceProps) => (
  <label>
    <input
      type="radio"
      name="change"
      checked={draft.change === of}
      onChange={() => {
        change({ change: of, callId: draft.callId === '' ? (place.calls[0]?.callId ?? '') : draft.callId })
        if (of === 'instructions') void prefill(runId)
      }}
    />{' '}
    {name}
  </label>
)

/** As the newest call by then was given them. */
const prefill = async (runId: string): Promise<void> => {
  const { rows } = openRun.getSnapshot().context
  const asked = rows.findLast(({ type }) => type === 'ModelCallRequested')
  if (asked?.callId !== undefined) await loadInstructions(runId, asked.callId)
}

interface FieldsProps {
  readonly place: ForkPlace
  readonly draft: ForkDraft
  readonly others: AgentList['agents']
}

const FieldsOf = ({ place, draft, others }: FieldsProps) => {
  switch (draft.change) {
    case 'nothing':
      return <p class="faint">It goes the way that it went, answered by the record.</p>
    case 'message':
      return (
        <Text
          label={place.isMessage ? 'Said in place of what was said there' : 'Said there'}
          value={draft.message}
          give={(message) => {
            change({ message })
          }}
        />
      )
    case 'result':
      return <Result place={place} draft={draft} />
    case 'instructions':
      return (
        <Text
          label="Instructions, in place of those of the agent"
          rows={6}
          value={draft.instructions}
          give={(instructions) => {
            change({ instructions })
          }}
        />
      )
    case 'model':
      return <Model draft={draft} />
    case 'agentVersion':
      return (
        <label class="field">
          Version that has to explain all that they have in common
          <select
            value={draft.agentVersion}
            onChange={({ currentTarget }) => {
              change({ agentVersion: currentTarget.value })
            }}
          >
            <option value="">choose one</option>
            {others.map(({ version }) => (
              <option key={version} value={version}>
                {visibleText(version)}
              </option>
            ))}
          </select>
        </label>
      )
  }
}

const Result = ({ place, draft }: Pick<FieldsProps, 'place' | 'draft'>) => (
  <>
    <label class="field">
      Call
      <select
        value={draft.callId}
        onChange={({ currentTarget }) => {
          change({ callId: currentTarget.value })
        }}
      >
        {place.calls.map(({ callId, tool }) => (
          <option key={callId} value={callId}>
            {visibleText(`${callId} ${tool}`)}
          </option>
        ))}
      </select>
    </label>
    <Text
      label="What it brings, as JSON"
      value={draft.result}
      give={(result) => {
        change({ result })
      }}
    />
  </>
)

const Model = ({ draft }: Pick<FieldsProps, 'draft'>) => (
  <label class="field">
    Model, as provider/name, in place of every model of the run
    <input
      type="text"
      value={draft.model}
      spellcheck={false}
      onInput={({ currentTarget }) => {
        change({ model: currentTarget.value })
      }}
    />
  </label>
)

interface TextProps {
  readonly label: string
  readonly value: string
  readonly rows?: number
  readonly give: (value: string) => void
}

export const Text = ({ label, value, rows = 3, give }: TextProps) => (
  <label class="field">
    {label}
    <textarea
      rows={rows}
      value={value}
      spellcheck={false}
      onInput={({ currentTarget }) => {
        give(currentTarget.value)
      }}
    />
  </label>
)
