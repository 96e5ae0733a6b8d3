import { useSelector } from '@xstate/store-preact'
import { useEffect, useMemo } from 'preact/hooks'
import { duration } from '../../src/projections/amount-text.ts'
import type { OutlineRow } from '../../src/projections/outline-row.ts'
import { visibleText } from '../../src/text.ts'
import { Time } from '../preferences/time.tsx'
import { goLive, markOf, moveBy, moveTo } from './cursor.ts'
import { openRun } from './run-store.ts'
import { player } from './player.ts'

interface SliderProps {
  readonly cursor: number
  readonly isLive: boolean
}

/** The cursor as a line from the first event to the newest, with what is worth a stop. */
export const Slider = ({ cursor, isLive }: SliderProps) => {
  const { rows, isWhole } = useSelector(openRun, ({ context }) => context)
  const isPlaying = useSelector(player, ({ context }) => context.isPlaying)
  const newest = rows.length - 1
  const row = rows[cursor]
  const [first] = rows
  useEffect(() => () => player.trigger.stopped(), [])
  return (
    <div class="slider" role="group" aria-label="Time">
      <Step name="First event" sign="⇤" act={() => moveTo(0)} />
      <Step name="Event before" sign="◀" act={() => moveBy(-1)} />
      <Step name={isPlaying ? 'Stop' : 'Play'} sign={isPlaying ? '■' : '▷'} act={player.trigger.toggled} />
      <Step name="Next event" sign="▶" act={() => moveBy(1)} />
      <div class="track">
        <Marks rows={rows} />
        <input
          type="range"
          min={0}
          max={Math.max(0, newest)}
          value={cursor}
          aria-label="Event"
          aria-valuetext={row === undefined ? '' : `${cursor} of ${newest}, ${row.type}, ${row.to}`}
          onInput={({ currentTarget }) => {
            moveTo(Number(currentTarget.value), 'slide')
          }}
        />
      </div>
      <span class="number where">
        {cursor} of {newest}
        {!isWhole && ' so far'}
        {row !== undefined && first !== undefined && (
          <>
            {' · '}
            <Time at={row.at} since={first.at} /> · +{duration(row.at - first.at)}
          </>
        )}
        {row !== undefined && <span class="unseen">{visibleText(row.type)}</span>}
      </span>
      <button type="button" aria-pressed={isLive} class={isLive ? 'main' : ''} onClick={goLive}>
        {isLive ? '◉ live' : `○ ${newest - cursor} newer`}
      </button>
    </div>
  )
}

const Step = ({ name, sign, act }: { readonly name: string; readonly sign: string; readonly act: () => void }) => (
  <button type="button" class="plain" aria-label={name} title={name} onClick={act}>
    <span aria-hidden="true">{sign}</span>
  </button>
)

const KINDS = ['turn', 'person', 'limit', 'failure'] as const
const WIDTH = 1_000
const HEIGHT = 14

/** One path a kind, however many events there are. */
const Marks = ({ rows }: { readonly rows: readonly OutlineRow[] }) => {
  const paths = useMemo(() => {
    const step = WIDTH / Math.max(1, rows.length - 1)
    return KINDS.map((kind) => ({
      kind,
      d: rows.flatMap((row, index) => (markOf(row) === kind ? [`M${(index * step).toFixed(1)} 0v${HEIGHT}`] : [])).join(''),
    }))
  }, [rows])
  return (
    <svg class="marks" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {paths.map(({ kind, d }) => (
        <path key={kind} class={kind} d={d} />
      ))}
    </svg>
  )
}
