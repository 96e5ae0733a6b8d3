import { useSelector } from '@xstate/store-preact'
import { useEffect } from 'preact/hooks'
import { address } from '../address/address.ts'
import { CommandDialog } from '../commands/command-dialog.tsx'
import { HelpPage } from '../help/help-page.tsx'
import { InboxPage } from '../inbox/inbox-page.tsx'
import { PromptPage } from '../prompt/prompt-page.tsx'
import { followChanges } from '../runs/changes.ts'
import { RunPage } from '../run/run-page.tsx'
import { RunsPage } from '../runs/runs-page.tsx'
import { connection } from '../server/connection.ts'
import { session } from '../session/session-store.ts'
import { SignInPage } from '../session/sign-in-page.tsx'
import { ConnectionBand } from './connection-band.tsx'
import { useFrameKeys } from './frame-keys.ts'
import { Header } from './header.tsx'
import { Guarded } from './guarded.tsx'
import { NotFound } from './not-found.tsx'

/** Somebody may have typed it. */
const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** What an address shows. */
const Routed = () => {
  const path = useSelector(address, ({ context }) => context.path)
  const wantsKey = useSelector(connection, ({ context }) => context.wantsKey)
  if (wantsKey) return <SignInPage />
  const attempt = useSelector(address, ({ context }) => context.query['attempt'])
  const [, first = '', second, third, fourth] = path.split('/')
  if ((first === '' || first === 'runs') && second === undefined) return <RunsPage />
  if (first === 'inbox' && second === undefined) return <InboxPage />
  if (first === 'help' && second === undefined) return <HelpPage />
  if (first === 'runs' && second !== undefined && third === 'prompt' && fourth !== undefined)
    return <PromptPage runId={decoded(second)} callId={decoded(fourth)} attempt={attempt} />
  if (first === 'runs' && second !== undefined && second !== '' && third === undefined) return <RunPage runId={decoded(second)} />
  return <NotFound path={path} />
}

export const App = () => {
  useFrameKeys()
  const path = useSelector(address, ({ context }) => context.path)
  useEffect(() => {
    const controller = new AbortController()
    session.trigger.asked()
    followChanges(controller.signal)
    return () => {
      controller.abort()
    }
  }, [])
  return (
    <div class="frame">
      <Header />
      <ConnectionBand />
      <main id="main" tabIndex={-1}>
        <Guarded key={path}>
          <Routed />
        </Guarded>
      </main>
      <CommandDialog />
    </div>
  )
}
