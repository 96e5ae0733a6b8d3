import { useSelector } from '@xstate/store-preact'
import { address } from '../address/address.ts'
import { RunsPage } from '../runs/runs-page.tsx'
import { Header } from './header.tsx'
import { Guarded } from './guarded.tsx'
import { NotFound } from './not-found.tsx'

/** What an address shows. */
const Routed = () => {
  const path = useSelector(address, ({ context }) => context.path)
  const [, first = '', second] = path.split('/')
  if ((first === '' || first === 'runs') && second === undefined) return <RunsPage />
  return <NotFound path={path} />
}

export const App = () => {
  const path = useSelector(address, ({ context }) => context.path)
  return (
    <div class="frame">
      <Header />
      <main id="main" tabIndex={-1}>
        <Guarded key={path}>
          <Routed />
        </Guarded>
      </main>
    </div>
  )
}
