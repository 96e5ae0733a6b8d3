import { useSelector } from '@xstate/store-preact'
import { useEffect } from 'preact/hooks'
import type { Chart } from '../server/contract.ts'
import { charts } from './chart-store.ts'

interface KnownChart {
  readonly chart: Chart | undefined
  /** Nobody here has its code. */
  readonly isAway: boolean
  readonly error: unknown
}

/** The chart of an agent, as `name@version`, or of its tool calls. It is asked for where it is not known. */
export const useChart = (agent: string, of: 'run' | 'toolCall'): KnownChart => {
  const { list, byHash, error } = useSelector(charts, ({ context }) => context)
  const hash = list?.agents.find((each) => each.agent === agent)?.[of]
  useEffect(() => {
    charts.trigger.wanted({ hash: undefined })
    if (hash !== undefined) charts.trigger.wanted({ hash })
  }, [hash])
  return { chart: hash === undefined ? undefined : byHash.get(hash), isAway: list !== undefined && hash === undefined, error }
}
