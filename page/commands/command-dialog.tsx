import { useSelector } from '@xstate/store-preact'
import { useEffect, useRef } from 'preact/hooks'
import { visibleText } from '../../src/text.ts'
import { ProblemCard } from '../parts/problem-card.tsx'
import { session } from '../session/session-store.ts'
import { Refused } from '../server/ask.ts'
import { command } from './command-store.ts'
import { later } from '../frame/later.tsx'
import { commands, type Field } from './commands.ts'
import { Question } from './question.tsx'

const ArgumentsField = later(async () => (await import('./arguments-field.tsx')).ArgumentsField)

/** Asks once more, with what will happen, before anything is done. */
export const CommandDialog = () => {
  const asked = useSelector(command, ({ context }) => context.asked)
  const done = useSelector(command, ({ context }) => context.done)
  return (
    <>
      <p class="unseen" role="status">
        {done}
      </p>
      {asked !== undefined && <Opened key={asked.key} asked={asked} />}
    </>
  )
}

type Asked = NonNullable<ReturnType<(typeof command)['getSnapshot']>['context']['asked']>

const NEEDS_RUN: ReadonlySet<string> = new Set(['grantApproval', 'grantChanged', 'denyApproval', 'settleToolCall', 'takeRunOver'])

const Opened = ({ asked }: { readonly asked: Asked }) => {
  const { name, runId, callId, run } = asked
  const { title, says, fields } = commands[name]
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  return (
    <dialog ref={dialog} aria-labelledby="command-title" onClose={command.trigger.closed}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          command.trigger.given({ values: valuesOf(event.currentTarget) })
        }}
      >
        <h2 id="command-title">{title}</h2>
        <p class="faint mono">{visibleText(callId === '' ? runId : `${runId}, call ${callId}`)}</p>
        {run !== undefined && callId !== '' && <Question run={run} callId={callId} />}
        <p>{says}</p>
        {name === 'takeRunOver' && run !== undefined && run.takenOver !== null && (
          <p>{visibleText(run.takenOver.by)} has it: you take it from them.</p>
        )}
        {fields.map((field) => (
          <FieldOf key={field.name} field={field} asked={asked} />
        ))}
        <Decision asked={asked} close={() => dialog.current?.close()} />
      </form>
    </dialog>
  )
}

/** What came of it, and the two ways out. */
const Decision = ({ asked: { name, run, isSending, error }, close }: { readonly asked: Asked; readonly close: () => void }) => {
  const isTooLate = error instanceof Refused && error.problem.status === 409
  const who = useSelector(session, ({ context }) => context.who?.name)
  const isUnknown = NEEDS_RUN.has(name) && run === undefined
  return (
    <>
      {error !== undefined && <ProblemCard error={error} />}
      {isTooLate && <p>It is not as it was when you opened this. Close it, and look at what is true now.</p>}
      {who !== undefined && <p class="faint">It is recorded as done by {visibleText(who)}.</p>}
      <p class="buttons">
        <button type="button" onClick={close}>
          Close
        </button>
        <button type="submit" class="main" disabled={isSending || isTooLate || isUnknown}>
          {isSending ? 'Sending …' : commands[name].verb}
        </button>
      </p>
    </>
  )
}

const valuesOf = (form: HTMLFormElement): Readonly<Record<string, string>> =>
  Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, typeof value === 'string' ? value : '']))

const FieldOf = ({ field: { name, label, kind, isNeeded }, asked: { run, callId } }: { readonly field: Field; readonly asked: Asked }) => {
  if (kind === 'arguments') return run === undefined ? null : <ArgumentsField name={name} label={label} run={run} callId={callId} />
  if (kind === 'happened') {
    return (
      <fieldset>
        <legend>{label}</legend>
        <label>
          <input type="radio" name={name} value="yes" required /> It happened
        </label>
        <label>
          <input type="radio" name={name} value="no" required /> It did not happen
        </label>
      </fieldset>
    )
  }
  return (
    <label class="field">
      {label}
      {isNeeded ? '' : ' (may be left out)'}
      <textarea name={name} rows={kind === 'json' ? 3 : 2} required={isNeeded} spellcheck={kind !== 'json'} />
    </label>
  )
}
