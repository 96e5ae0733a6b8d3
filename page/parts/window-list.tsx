import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'

interface WindowListProps {
  readonly count: number
  /** Of every row, in pixels. */
  readonly rowHeight: number
  readonly row: (index: number) => ComponentChildren
  readonly label: string
  /** A table has rows of cells; its head stays where it is while they move. */
  readonly role?: 'list' | 'table'
  readonly head?: ComponentChildren
  /** The row that has to be seen. */
  readonly selected?: number | undefined
  /** The last row that was drawn: more may be wanted behind it. */
  readonly reached?: (index: number) => void
}

const SPARE_ROWS = 10

/** Rows of one height, of which only those are in the document that are seen. */
export const WindowList = ({ count, rowHeight, row, label, role = 'list', head, selected, reached }: WindowListProps) => {
  const box = useRef<HTMLDivElement>(null)
  const [{ top, height }, setView] = useState({ top: 0, height: 800 })
  const look = (): void => {
    if (box.current !== null) setView({ top: box.current.scrollTop, height: box.current.clientHeight })
  }
  useLayoutEffect(() => {
    const observer = new ResizeObserver(look)
    if (box.current !== null) observer.observe(box.current)
    return () => {
      observer.disconnect()
    }
  }, [])
  useLayoutEffect(() => {
    if (box.current === null || selected === undefined) return
    const above = selected * rowHeight - box.current.scrollTop
    if (above < 0) box.current.scrollTop = selected * rowHeight
    else if (above > box.current.clientHeight - rowHeight) box.current.scrollTop = (selected + 1) * rowHeight - box.current.clientHeight
  }, [selected, rowHeight])
  const first = Math.max(0, Math.floor(top / rowHeight) - SPARE_ROWS)
  const last = Math.min(count - 1, Math.ceil((top + height) / rowHeight) + SPARE_ROWS)
  useLayoutEffect(() => {
    reached?.(last)
  }, [last])
  const rows = []
  for (let index = first; index <= last; index++) rows.push(row(index))
  return (
    <div
      class="window"
      ref={box}
      onScroll={look}
      tabIndex={0}
      role={role}
      aria-label={label}
      {...(role === 'table' ? { 'aria-rowcount': count } : {})}
    >
      {head}
      <div class="whole" style={{ height: `${count * rowHeight}px` }}>
        <div style={{ transform: `translateY(${first * rowHeight}px)` }}>{rows}</div>
      </div>
    </div>
  )
}
