import type { OutlineRow } from '../../src/projections/outline-row.ts'
import { percent, percentWithin } from './percent.ts'
import type { Span } from './span.ts'
import type { TimeScale } from './time-scale.ts'
import type { Group } from './timeline.ts'

interface BandsProps {
  readonly groups: readonly Group[]
  readonly limits: readonly OutlineRow[]
  readonly scale: TimeScale
  readonly seen: Span
  /** The time at the cursor. */
  readonly at: number
}

/** What holds for all rows, behind them: time that is folded, pauses, limits that were reached, and the cursor. Rows say the same in words. */
export const TimelineBands = ({ groups, limits, scale, seen, at }: BandsProps) => {
  const isSeen = (time: number): boolean => time >= seen.from && time <= seen.to
  const pauses = groups
    .filter(({ kind }) => kind === 'pause')
    .flatMap(({ segments }) => segments)
    .filter(({ from, to = seen.to }) => from < seen.to && to > seen.from)
  return (
    <div class="group under" aria-hidden="true">
      <span class="bars">
        {scale.folds.map((fold) => (
          <Band key={`fold ${fold.from}`} kind="fold" span={fold} scale={scale} />
        ))}
        {pauses.map(({ from, to = seen.to }) => (
          <Band key={`pause ${from}`} kind="paused" span={{ from, to }} scale={scale} />
        ))}
        {limits
          .filter((row) => isSeen(row.at))
          .map((row) => (
            <span key={row.revision} class="limit" style={{ left: percentWithin(scale.of(row.at), 2) }} />
          ))}
        {isSeen(at) && <span class="cursor" style={{ left: percentWithin(scale.of(at), 2) }} />}
      </span>
    </div>
  )
}

const Band = ({ kind, span: { from, to }, scale }: { readonly kind: string; readonly span: Span; readonly scale: TimeScale }) => (
  <span class={`band-${kind}`} style={{ left: percent(scale.of(from)), width: percent(scale.of(to) - scale.of(from)) }} />
)
