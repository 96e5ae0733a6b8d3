import { useSelector } from '@xstate/store-preact'
import { visibleText } from '../../src/text.ts'
import { CommandButton } from '../commands/command-button.tsx'
import { isCommand } from '../commands/commands.ts'
import { possibleCommands } from '../commands/possible-commands.ts'
import { Link } from '../address/link.tsx'
import { ForkButton } from '../fork/open-fork.tsx'
import { CopyButton } from '../parts/copy-button.tsx'
import { memo } from '../parts/memo.tsx'
import { Time } from '../preferences/time.tsx'
import type { RunRow } from '../server/contract.ts'
import { runHref } from '../runs/run-row.tsx'
import { HasIt } from '../runs/has-it.tsx'
import { RunSign } from '../runs/run-sign.tsx'
import { session } from '../session/session-store.ts'
import { diffFrom, ForkBanner, ForkList } from './lineage.tsx'
import type { RunAt } from './run-fold.ts'
import { forkHere } from './run-keys.ts'

interface RunHeaderProps {
  readonly runId: string
  readonly row: RunRow | undefined
  /** As it is by its newest event; undefined until one is there. */
  readonly newest: RunAt | undefined
}

/** Which run, how it is now, and what a person can do about it. */
export const RunHeader = memo(({ runId, row, newest }: RunHeaderProps) => (
  <header class="run-header">
    <div class="line">
      <Link to="/runs">‹ Runs</Link>
      <h1 class="mono">{visibleText(runId)}</h1>
      <CopyButton text={runId} what="run id" />
      <span>{visibleText(newest?.agent ?? '')}</span>
      {row !== undefined && <RunSign row={row} />}
      {row !== undefined && <HasIt row={row} />}
      {row?.parent !== undefined && (
        <span>
          child of <Link to={runHref(row.parent.runId)}>{visibleText(row.parent.runId)}</Link>
        </span>
      )}
      <span class="space" />
      {newest !== undefined && <ForkButton act={forkHere} />}
      <Link to={diffFrom(runId, newest)} title="D">
        Diff
      </Link>
      {row !== undefined && <Commands row={row} />}
    </div>
    {newest?.fork !== undefined && <ForkBanner runId={runId} fork={newest.fork} />}
    <ForkList runId={runId} />
    {row !== undefined && <StandsStill row={row} />}
  </header>
))

/** But for those that stand beside the reason why it stands still. */
const Commands = ({ row }: { readonly row: RunRow }) => {
  const who = useSelector(session, ({ context }) => context.who?.name)
  return (
    <>
      {possibleCommands(row, who)
        .filter((name) => !row.standsStill?.remedies.some(({ action }) => action === name))
        .map((name) => (
          <CommandButton key={name} name={name} runId={row.runId} />
        ))}
    </>
  )
}

const StandsStill = ({ row: { standsStill } }: { readonly row: RunRow }) => {
  if (standsStill === null) return null
  return (
    <div class="stands-still">
      <span>
        {visibleText(standsStill.sentence)} {standsStill.since !== null && <Time at={standsStill.since} />}
        {standsStill.until !== null && (
          <>
            , until <Time at={standsStill.until} />
          </>
        )}
      </span>
      {standsStill.remedies.map(({ action, runId, callId, command }) =>
        isCommand(action) ? (
          <CommandButton key={command} name={action} runId={runId} callId={callId} />
        ) : (
          <span key={command}>
            <code>{visibleText(command)}</code> <CopyButton text={command} what="command" />
          </span>
        ),
      )}
    </div>
  )
}
