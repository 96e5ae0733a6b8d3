import { count, money } from '../../src/projections/amount-text.ts'
import { visibleText } from '../../src/text.ts'
import { Link } from '../address/link.tsx'
import { useSelector } from '@xstate/store-preact'
import { CommandButton } from '../commands/command-button.tsx'
import type { CommandName } from '../commands/commands.ts'
import { handOver } from '../commands/possible-commands.ts'
import { Question } from '../commands/question.tsx'
import { Time } from '../preferences/time.tsx'
import { HasIt } from '../runs/has-it.tsx'
import { runHref } from '../runs/run-row.tsx'
import { session } from '../session/session-store.ts'
import type { Card } from './inbox-store.ts'

const TITLES: Readonly<Record<Card['kind'], string>> = {
  approval: 'May this be done?',
  person: 'A person owns this run',
  unresolved: 'Has this happened?',
}

const DECISIONS: Readonly<Record<Card['kind'], readonly CommandName[]>> = {
  approval: ['grantApproval', 'grantChanged', 'denyApproval'],
  person: ['answerRun', 'giveRunBack'],
  unresolved: ['settleToolCall'],
}

export const InboxCard = ({ card: { kind, row, run, callId } }: { readonly card: Card }) => {
  const who = useSelector(session, ({ context }) => context.who?.name)
  const decisions = new Set([...DECISIONS[kind], ...handOver(row, who)])
  return (
    <article class="card" tabIndex={-1} aria-label={`${TITLES[kind]} ${visibleText(row.runId)}`}>
      <header>
        <h2>{TITLES[kind]}</h2>
        <Link class="mono" to={runHref(row.runId)}>
          {visibleText(row.runId)}
        </Link>
        <span>{visibleText(run.agent)}</span>
        <span class="faint">
          began to wait <Time at={row.waitsSince ?? row.updatedAt} />
        </span>
      </header>
      {callId !== undefined && <Question run={run} callId={callId} />}
      <HasIt row={row} />
      {kind === 'person' && row.reason !== null && <p>{visibleText(row.reason)}</p>}
      {row.lastText !== null && <p class="faint">The user has said: “{visibleText(row.lastText)}”</p>}
      <p class="faint">
        turn {row.turn}, calls of models: {count(row.modelCalls)}, of tools: {count(row.toolCalls)}, {money(row.costMicroUsd)}
      </p>
      <p class="buttons">
        {[...decisions].map((name) => (
          <CommandButton key={name} name={name} runId={row.runId} callId={callId} />
        ))}
      </p>
    </article>
  )
}
