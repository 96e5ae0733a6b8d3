import { duration } from '../../src/projections/amount-text.ts'
import { visibleText } from '../../src/text.ts'
import { setQuery } from '../address/address.ts'
import { percent } from './percent.ts'
import { isZoomed } from './seen-span.ts'
import type { Span } from './span.ts'
import type { Fold, TimeScale } from './time-scale.ts'
import { showWhole, zoomBy } from './zoom.ts'

interface AxisProps {
  readonly scale: TimeScale
  readonly whole: Span
  readonly seen: Span
}

const IN = 0.5
const OUT = 2

/** Which time is seen, and what of it is folded away. */
export const TimelineAxis = ({ scale, whole, seen }: AxisProps) => (
  <div class="group axis">
    <span class="zoom" role="group" aria-label="Time shown">
      <Zoom name="Less time" sign="+" act={() => zoomBy(IN)} />
      <Zoom name="More time" sign="−" act={() => zoomBy(OUT)} />
      {isZoomed(seen, whole) && <Zoom name="The whole run" sign="whole" act={showWhole} />}
    </span>
    <span class="bars">
      {scale.folds.map((fold) => (
        <FoldLabel key={fold.from} fold={fold} scale={scale} />
      ))}
    </span>
    <span class="number faint" title={`${duration(seen.to - seen.from)} of ${duration(whole.to - whole.from)}`}>
      {isZoomed(seen, whole)
        ? `+${duration(seen.from - whole.from)} … +${duration(seen.to - whole.from)}`
        : duration(whole.to - whole.from)}
    </span>
  </div>
)

const Zoom = ({ name, sign, act }: { readonly name: string; readonly sign: string; readonly act: () => void }) => (
  <button type="button" class="plain" aria-label={name} title={name} onClick={act}>
    {sign}
  </button>
)

/** Says what is collapsed and how much; a click opens all of them. */
const FoldLabel = ({ fold: { from, to, waiting }, scale }: { readonly fold: Fold; readonly scale: TimeScale }) => {
  const took = duration(to - from)
  const words = waiting === undefined ? 'nothing was under way' : `${visibleText(waiting.label)} waited`
  return (
    <button
      type="button"
      class="plain fold"
      aria-label={`${took} in which ${words}: show`}
      title={`${took} in which ${words}`}
      style={{ left: percent(scale.of(from)), width: percent(scale.of(to) - scale.of(from)) }}
      onClick={() => {
        setQuery({ idle: 'shown' })
      }}
    >
      {coarse(to - from)}
    </button>
  )
}

const coarse = (ms: number): string => duration(ms).split(' ').slice(0, 2).join(' ')
