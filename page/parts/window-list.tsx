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
  /** Behind all rows, as high as they are together. */
  readonly under?: ComponentChildren
  /** The row that has to be seen. */
  readonly selected?: number | undefined
  /** The last row that was drawn: more may be wanted behind it. */
  readonly reached?: (index: number) => void
}

const SPARE_ROWS = 10

/** What is seen of all rows, in pixels. */
interface View {
  readonly top: number
  readonly height: number
}

/** Moved as little as it takes to see the row. */
const withRow = ({ top, height }: View, row: number, rowHeight: number): View => ({
  top: Math.max(0, Math.min(row * rowHeight, Math.max(top, (row + 1) * rowHeight - height))),
  height,
})

const rowsIn = ({ top, height }: View, count: number, rowHeight: number): readonly [first: number, last: number] => [
  Math.max(0, Math.floor(top / rowHeight) - SPARE_ROWS),
  Math.min(count - 1, Math.ceil((top + height) / rowHeight) + SPARE_ROWS),
]

/** Rows of one height, of which only those are in the document that are seen. */
export const WindowList = ({ count, rowHeight, row, label, role = 'list', head, under, selected, reached }: WindowListProps) => {
  const box = useRef<HTMLDivElement>(null)
  const view = useWindow(box, { count, rowHeight, selected })
  const [first, last] = rowsIn(view, count, rowHeight)
  useLayoutEffect(() => {
    reached?.(last)
  }, [last])
  const rows = []
  for (let index = first; index <= last; index++) rows.push(row(index))
  return (
    <div class="window" ref={box} tabIndex={0} role={role} aria-label={label} {...(role === 'table' ? { 'aria-rowcount': count } : {})}>
      {head}
      <div class="whole" style={{ height: `${count * rowHeight}px` }}>
        {under}
        <div style={{ transform: `translateY(${first * rowHeight}px)` }}>{rows}</div>
      </div>
    </div>
  )
}

type Windowed = Pick<WindowListProps, 'count' | 'rowHeight' | 'selected'>

/**
 * What is seen of the list. Where another row is selected, the rows around it are drawn at once: to wait for the browser to say how far it has
 * scrolled would be to draw twice.
 */
const useWindow = (box: { readonly current: HTMLElement | null }, { count, rowHeight, selected }: Windowed): View => {
  const view = useRef<View>({ top: 0, height: 800 })
  const shown = useRef({ selected: undefined as number | undefined, rowHeight })
  const [, drawAgain] = useState({})
  const isOther = selected !== shown.current.selected || rowHeight !== shown.current.rowHeight
  if (selected !== undefined && isOther) view.current = withRow(view.current, selected, rowHeight)
  shown.current = { selected, rowHeight }
  const look = useRef((): void => undefined)
  look.current = () => {
    if (box.current === null) return
    const before = rowsIn(view.current, count, rowHeight).join()
    view.current = { top: box.current.scrollTop, height: box.current.clientHeight }
    if (rowsIn(view.current, count, rowHeight).join() !== before) drawAgain({})
  }
  useLayoutEffect(() => {
    const list = box.current
    if (list === null) return
    const onScroll = (): void => {
      look.current()
    }
    list.addEventListener('scroll', onScroll, { passive: true })
    const observer = new ResizeObserver(onScroll)
    observer.observe(list)
    view.current = { ...view.current, height: list.clientHeight }
    if (selected !== undefined) view.current = withRow(view.current, selected, rowHeight)
    drawAgain({})
    return () => {
      observer.disconnect()
      list.removeEventListener('scroll', onScroll)
    }
  }, [])
  useLayoutEffect(() => {
    if (box.current !== null && selected !== undefined) box.current.scrollTop = view.current.top
  }, [selected, rowHeight])
  return view.current
}
