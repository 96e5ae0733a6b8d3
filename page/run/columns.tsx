import { useSelector } from '@xstate/store-preact'
import type { ComponentChildren } from 'preact'
import { useRef } from 'preact/hooks'
import { preferences } from '../preferences/preferences.ts'

const NARROWEST = 15
const STEP = 2
const USUAL: readonly number[] = [28, 42, 30]

/** Moves the line behind a column by so many hundredths of the whole; each column keeps a least width. */
const movedLine = (widths: readonly number[], line: number, by: number): readonly number[] => {
  const [left = 0, right = 0] = [widths[line], widths[line + 1]]
  const moved = Math.max(NARROWEST - left, Math.min(right - NARROWEST, by))
  return widths.map((width, at) => (at === line ? width + moved : at === line + 1 ? width - moved : width))
}

/** Three columns, as wide as the reader has made them. */
export const Columns = ({ columns }: { readonly columns: readonly ComponentChildren[] }) => {
  const widths = useSelector(preferences, ({ context }) => context.columns ?? USUAL)
  const box = useRef<HTMLDivElement>(null)
  const move = (line: number, by: number): void => {
    preferences.trigger.chosen({ change: { columns: movedLine(widths, line, by) } })
  }
  return (
    <div class="panes" ref={box} style={{ gridTemplateColumns: widths.map((width) => `minmax(0, ${width}fr)`).join(' 7px ') }}>
      {columns.map((column, at) => [
        <div key={at} class="column">
          {column}
        </div>,
        at < columns.length - 1 && (
          <Splitter
            key={`line ${at}`}
            width={widths[at] ?? 0}
            number={at + 1}
            move={(by) => {
              move(at, by)
            }}
            moveTo={(x) => {
              const whole = box.current?.getBoundingClientRect()
              const before = widths.slice(0, at + 1).reduce((sum, width) => sum + width, 0)
              if (whole !== undefined) move(at, ((x - whole.left) / whole.width) * 100 - before)
            }}
          />
        ),
      ])}
    </div>
  )
}

interface SplitterProps {
  readonly number: number
  readonly width: number
  readonly move: (by: number) => void
  /** In pixels from the left of the window. */
  readonly moveTo: (x: number) => void
}

const Splitter = ({ number, width, move, moveTo }: SplitterProps) => (
  <div
    class="splitter"
    role="separator"
    aria-orientation="vertical"
    aria-label={`Width of column ${number}`}
    aria-valuenow={Math.round(width)}
    aria-valuemin={NARROWEST}
    aria-valuemax={100 - NARROWEST}
    tabIndex={0}
    onPointerDown={({ currentTarget, pointerId }) => {
      currentTarget.setPointerCapture(pointerId)
    }}
    onPointerMove={({ currentTarget, pointerId, clientX }) => {
      if (currentTarget.hasPointerCapture(pointerId)) moveTo(clientX)
    }}
    onDblClick={() => {
      preferences.trigger.chosen({ change: { columns: USUAL } })
    }}
    onKeyDown={(event) => {
      const step = STEPS[event.key]
      if (step === undefined || event.shiftKey) return
      event.preventDefault()
      move(step)
    }}
  />
)

const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -STEP, ArrowRight: STEP, Home: -100, End: 100 }
