import { useSelector } from '@xstate/store-preact'
import { useEffect, useMemo } from 'preact/hooks'
import { duration } from '../../src/projections/amount-text.ts'
import type { OutlineRow } from '../../src/projections/outline-row.ts'
import { visibleText } from '../../src/text.ts'
import { preferences } from '../preferences/preferences.ts'
import { Time } from '../preferences/time.tsx'
import { goLive, moveBy, moveTo } from './cursor.ts'
import { openRun } from './run-store.ts'
import { speeds } from './pace.ts'
import { player } from './player.ts'
import { marksOf, TRACK_HEIGHT, TRACK_WIDTH, trackByStep, trackByTime, type Track } from './track.ts'

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
      <SpeedChoice />
      <Line cursor={cursor} rows={rows} />
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

/** How fine the place on the line is. */
const FINEST = 10_000

const Line = ({ cursor, rows }: { readonly cursor: number; readonly rows: readonly OutlineRow[] }) => {
  const along = useSelector(preferences, ({ context }) => context.slider)
  const track = useMemo(() => (along === 'time' ? trackByTime(rows) : trackByStep(rows)), [rows, along])
  const row = rows[cursor]
  const newest = rows.length - 1
  const isByStep = along === 'step'
  return (
    <>
      <div class="track">
        <Marks rows={rows} track={track} />
        <input
          type="range"
          min={0}
          max={isByStep ? Math.max(0, newest) : FINEST}
          value={isByStep ? cursor : (track.places[cursor] ?? 0) * FINEST}
          aria-label="Event"
          aria-valuetext={row === undefined ? '' : `${cursor} of ${newest}, ${row.type}, ${row.to}`}
          onInput={({ currentTarget }) => {
            const value = Number(currentTarget.value)
            moveTo(isByStep ? value : track.revisionAt(value / FINEST), 'slide')
          }}
        />
      </div>
      <button
        type="button"
        class="plain"
        onClick={() => {
          preferences.trigger.chosen({ change: { slider: isByStep ? 'time' : 'step' } })
        }}
      >
        by {along}
      </button>
    </>
  )
}

const SpeedChoice = () => {
  const chosen = useSelector(preferences, ({ context }) => context.speed)
  return (
    <select
      aria-label="Speed of play"
      title="< and >"
      value={chosen}
      onChange={({ currentTarget }) => {
        const speed = speeds.find((each) => each === currentTarget.value)
        if (speed !== undefined) preferences.trigger.chosen({ change: { speed } })
      }}
    >
      {speeds.map((speed) => (
        <option key={speed} value={speed}>
          {speed === 'real' ? 'real time' : `${speed}×`}
        </option>
      ))}
    </select>
  )
}

const Step = ({ name, sign, act }: { readonly name: string; readonly sign: string; readonly act: () => void }) => (
  <button type="button" class="plain" aria-label={name} title={name} onClick={act}>
    <span aria-hidden="true">{sign}</span>
  </button>
)

const Marks = ({ rows, track }: { readonly rows: readonly OutlineRow[]; readonly track: Track }) => {
  const paths = useMemo(() => marksOf(rows, track), [rows, track])
  return (
    <svg class="marks" viewBox={`0 0 ${TRACK_WIDTH} ${TRACK_HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {paths.map(({ kind, d }) => (
        <path key={kind} class={kind} d={d} />
      ))}
    </svg>
  )
}
