import { useSelector } from '@xstate/store-preact'
import { Guarded } from '../frame/guarded.tsx'
import { later } from '../frame/later.tsx'
import { session } from '../session/session-store.ts'
import { forking } from './forking.ts'

const Dialog = later(async () => (await import('./fork-dialog.tsx')).ForkDialog)

/** The dialog, once somebody has asked for it. */
export const OpenFork = () => {
  const from = useSelector(forking, ({ context }) => context.from)
  return from === undefined ? null : (
    <Guarded key={`${from.runId} ${from.at}`}>
      <Dialog from={from} />
    </Guarded>
  )
}

/** Whether the server would let this reader fork a run; unknown is yes, since the server decides. */
const mayFork = (): boolean => session.getSnapshot().context.who?.scopes.includes('operate') !== false

export const openFork = (runId: string, at: number): void => {
  if (mayFork()) forking.trigger.opened({ from: { runId, at } })
}

export const ForkButton = ({ act }: { readonly act: () => void }) => {
  const scopes = useSelector(session, ({ context }) => context.who?.scopes)
  if (scopes !== undefined && !scopes.includes('operate')) return null
  return (
    <button type="button" title="F" onClick={act}>
      Fork from here
    </button>
  )
}
