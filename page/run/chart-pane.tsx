import { useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import { memo } from '../parts/memo.tsx'
import { ProblemCard } from '../parts/problem-card.tsx'
import { visibleText } from '../../src/text.ts'
import { ChartDrawing } from './chart-picture.tsx'
import { centre } from './chart-view.ts'
import { activeStates, takenEdges } from './place.ts'
import { useChart } from './use-chart.ts'

interface ChartPaneProps {
  /** `name@version` */
  readonly agent: string
  readonly of: 'run' | 'toolCall'
  readonly place: string
  readonly placeBefore: string
  /** Type of the event that led there; undefined where it did not move this chart. */
  readonly type: string | undefined
  readonly isFull: boolean
  /** The whole chart is seen, however small. */
  readonly isFitted?: boolean
}

const NONE: ReadonlySet<string> = new Set()

/** A chart as it stands at the cursor, with the edge that was taken last. */
export const ChartPane = memo(({ agent, of, place, placeBefore, type, isFull, isFitted = false }: ChartPaneProps) => {
  const { chart, isAway, error } = useChart(agent, of)
  const marks = useMemo(() => {
    if (chart === undefined) return { active: NONE, taken: NONE }
    const active = activeStates(chart.graph, place)
    const taken = type === undefined ? NONE : takenEdges(chart.graph, type, activeStates(chart.graph, placeBefore), active)
    return { active, taken }
  }, [chart, place, placeBefore, type])
  const box = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    centre(box.current)
  }, [marks, isFull, isFitted])
  if (error !== undefined) return <ProblemCard error={error} />
  if (isAway) return <p class="faint">The code of {visibleText(agent)} is not here: no chart is drawn.</p>
  if (chart === undefined) return <p class="faint">Loading …</p>
  return (
    <div class={isFitted ? 'drawing fitted' : 'drawing'} ref={box} tabIndex={0} role="group" aria-label="Chart, can be scrolled">
      <ChartDrawing picture={isFull ? chart.full : chart.compact} name={chart.graph.id} {...marks} />
    </div>
  )
})
