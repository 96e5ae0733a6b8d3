import { useSelector } from '@xstate/store-preact'
import type { ComponentChildren } from 'preact'
import { count, money } from '../../src/projections/amount-text.ts'
import { sourcesText } from '../../src/projections/row-fork.ts'
import { visibleText } from '../../src/text.ts'
import { setQuery } from '../address/address.ts'
import { Link } from '../address/link.tsx'
import { CopyButton } from '../parts/copy-button.tsx'
import { shortText } from '../parts/short-text.ts'
import { Time } from '../preferences/time.tsx'
import type { RunRow } from '../server/contract.ts'
import { runHref } from './run-row.tsx'
import { RunSign } from './run-sign.tsx'
import { runs } from './runs-store.ts'

const Fact = ({ name, children }: { readonly name: string; readonly children: ComponentChildren }) => (
  <>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </>
)

/** A run beside the list, which stays. */
export const Peek = ({ runId }: { readonly runId: string }) => {
  const row = useSelector(runs, ({ context }) => [...context.rows, ...context.stuck].find((each) => each.runId === runId))
  return (
    <aside class="peek" aria-label="The selected run">
      <header>
        <h2 class="mono">{visibleText(runId)}</h2>
        <Link to={runHref(runId)}>Open</Link>
        <button
          type="button"
          onClick={() => {
            setQuery({ peek: undefined })
          }}
        >
          Close
        </button>
      </header>
      {row === undefined ? <p class="faint">It is not in this list.</p> : <Facts row={row} />}
    </aside>
  )
}

const Facts = ({ row }: { readonly row: RunRow }) => (
  <>
    <p>
      <RunSign row={row} /> {row.standsStill !== null && visibleText(row.standsStill.sentence)}
    </p>
    {row.standsStill?.remedies.map(({ command }) => (
      <p key={command} class="command">
        <code>{visibleText(command)}</code> <CopyButton text={command} what="command" />
      </p>
    ))}
    <dl>
      <Fact name="agent">{shortText(`${row.agent}@${row.agentVersion}`)}</Fact>
      <Fact name="state">
        <code>{visibleText(row.state)}</code>
      </Fact>
      {row.tenant !== undefined && <Fact name="tenant">{visibleText(row.tenant)}</Fact>}
      <Fact name="began">
        <Time at={row.startedAt} />
      </Fact>
      <Fact name="changed">
        <Time at={row.updatedAt} since={row.startedAt} />
      </Fact>
      <Fact name="turn">{row.turn}</Fact>
      <Fact name="calls">
        {count(row.modelCalls)} of models, {count(row.toolCalls)} of tools
      </Fact>
      <Fact name="spent">
        {count(row.tokens)} tokens, {money(row.costMicroUsd)}
      </Fact>
      {row.unread > 0 && <Fact name="unread">{row.unread} messages</Fact>}
      {row.parent !== undefined && (
        <Fact name="child of">
          <Link to={runHref(row.parent.runId)}>{visibleText(row.parent.runId)}</Link>
        </Fact>
      )}
      <ForkFact fork={row.fork} />
      {Object.entries(row.tags ?? {}).map(([name, value]) => (
        <Fact key={name} name={visibleText(name)}>
          {visibleText(value)}
        </Fact>
      ))}
      {row.firstText !== null && <Fact name="first said">{visibleText(row.firstText)}</Fact>}
      {row.lastText !== null && row.lastText !== row.firstText && <Fact name="last said">{visibleText(row.lastText)}</Fact>}
      {row.reason !== null && <Fact name="reason">{visibleText(row.reason)}</Fact>}
      {row.problem !== undefined && <Fact name="problem">{visibleText(row.problem)}</Fact>}
    </dl>
  </>
)

const ForkFact = ({ fork }: Pick<RunRow, 'fork'>) =>
  fork === undefined ? null : (
    <Fact name="fork of">
      <Link to={runHref(fork.runId)}>{visibleText(fork.runId)}</Link> at #{fork.revision}, {sourcesText(fork.counts)}
    </Fact>
  )
