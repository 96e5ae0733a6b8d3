import { useSelector } from '@xstate/store-preact'
import { address } from '../address/address.ts'
import { CommandDialog } from '../commands/command-dialog.tsx'
import { RunPage } from '../run/run-page.tsx'
import { RunsPage } from '../runs/runs-page.tsx'
import { ConnectionBand } from './connection-band.tsx'
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
  const [, first = '', second, third] = path.split('/')
  if ((first === '' || first === 'runs') && second === undefined) return <RunsPage />
  if (first === 'runs' && second !== undefined && second !== '' && third === undefined) return <RunPage runId={decoded(second)} />
  return <NotFound path={path} />
}

export const App = () => {
  const path = useSelector(address, ({ context }) => context.path)
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
