import { useSelector } from '@xstate/store-preact'
import { useEffect } from 'preact/hooks'
import { address } from '../address/address.ts'
import { CommandDialog } from '../commands/command-dialog.tsx'
import { useKeys } from '../keys/keys.ts'
import { palette } from '../palette/palette-store.ts'
import { CopiedWords } from '../parts/copied-words.tsx'
import { followChanges } from '../runs/changes.ts'
import { connection } from '../server/connection.ts'
import { session } from '../session/session-store.ts'
import { SignInPage } from '../session/sign-in-page.tsx'
import { ConnectionBand } from './connection-band.tsx'
import { frameActions } from './frame-keys.ts'
import { later } from './later.tsx'
import { Guarded } from './guarded.tsx'
import { Header } from './header.tsx'
import { shownAt } from './routes.tsx'

const Palette = later(async () => (await import('../palette/palette.tsx')).Palette)

export const App = () => {
  useKeys(frameActions)
  const isSearching = useSelector(palette, ({ context }) => context.isOpen)
  const { path, query } = useSelector(address, ({ context }) => context)
  const wantsKey = useSelector(connection, ({ context }) => context.wantsKey)
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
        <Guarded key={path}>{wantsKey ? <SignInPage /> : shownAt(path, query)}</Guarded>
      </main>
      <CommandDialog />
      {isSearching && <Palette />}
      <CopiedWords />
    </div>
  )
}
