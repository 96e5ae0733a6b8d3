import { useSelector } from '@xstate/store-preact'
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import { ProblemCard } from '../parts/problem-card.tsx'
import { visibleText } from '../../src/text.ts'
import { ChartDrawing } from './chart-picture.tsx'
import { charts } from './chart-store.ts'
import { activeStates, takenEdges } from './place.ts'

interface ChartPaneProps {
  /** `name@version` */
  readonly agent: string
  readonly of: 'run' | 'toolCall'
  readonly place: string
  readonly placeBefore: string
  /** Type of the event that led there; undefined where it did not move this chart. */
  readonly type: string | undefined
  readonly isFull: boolean
}

const NONE: ReadonlySet<string> = new Set()

/** A chart as it stands at the cursor, with the edge that was taken last. */
export const ChartPane = ({ agent, of, place, placeBefore, type, isFull }: ChartPaneProps) => {
  const { list, byHash, error } = useSelector(charts, ({ context }) => context)
  const hash = list?.agents.find((each) => each.agent === agent)?.[of]
  useEffect(() => {
    charts.trigger.wanted({ hash: undefined })
    if (hash !== undefined) charts.trigger.wanted({ hash })
  }, [hash])
  const chart = hash === undefined ? undefined : byHash.get(hash)
  const marks = useMemo(() => {
    if (chart === undefined) return { active: NONE, taken: NONE }
    const active = activeStates(chart.graph, place)
    const taken = type === undefined ? NONE : takenEdges(chart.graph, type, activeStates(chart.graph, placeBefore), active)
    return { active, taken }
  }, [chart, place, placeBefore, type])
  const box = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    centre(box.current)
  }, [marks, isFull])
  if (error !== undefined) return <ProblemCard error={error} />
  if (list !== undefined && hash === undefined) return <p class="faint">The code of {visibleText(agent)} is not here: no chart is drawn.</p>
  if (chart === undefined) return <p class="faint">Loading …</p>
  return (
    <div class="drawing" ref={box} tabIndex={0} role="group" aria-label="Chart, can be scrolled">
      <ChartDrawing picture={isFull ? chart.full : chart.compact} name={chart.graph.id} {...marks} />
    </div>
  )
}

/** So that the innermost active state is seen. */
const centre = (box: HTMLElement | null): void => {
  const state = [...(box?.querySelectorAll('.active') ?? [])].at(-1)
  if (box === null || state === undefined) return
  const [around, inner] = [box.getBoundingClientRect(), state.getBoundingClientRect()]
  box.scrollLeft += inner.left + inner.width / 2 - around.left - around.width / 2
  box.scrollTop += inner.top + inner.height / 2 - around.top - around.height / 2
}
