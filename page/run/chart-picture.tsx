import { useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import type { ChartPicture } from '../server/contract.ts'
import { visibleText } from '../../src/text.ts'

type Group = ChartPicture['groups'][number]
type Shape = Group['shapes'][number]

interface ChartPictureProps {
  readonly picture: ChartPicture
  readonly name: string
  readonly active: ReadonlySet<string>
  readonly taken: ReadonlySet<string>
}

/** The same shapes as in every other picture of the chart. They are drawn once: with what is active and what was taken only classes change. */
export const ChartDrawing = ({ picture, name, active, taken }: ChartPictureProps) => {
  const drawing = useRef<SVGSVGElement>(null)
  const groups = useMemo(() => picture.groups.map(groupOf), [picture])
  useLayoutEffect(() => {
    for (const group of drawing.current?.querySelectorAll('[data-id]') ?? []) {
      const id = group.getAttribute('data-id') ?? ''
      group.classList.toggle('active', active.has(id))
      group.classList.toggle('taken', taken.has(id))
    }
  }, [groups, active, taken])
  return (
    <svg
      class="refold-chart"
      ref={drawing}
      role="img"
      aria-label={`Statechart ${visibleText(name)}`}
      width={picture.width}
      height={picture.height}
      viewBox={`0 0 ${picture.width} ${picture.height}`}
    >
      {groups}
    </svg>
  )
}

const groupOf = ({ className, id, x, y, title, shapes }: Group, index: number) => (
  <g
    key={index}
    class={className}
    {...(id === undefined ? {} : { 'data-id': id })}
    {...(x === undefined ? {} : { transform: `translate(${x} ${y ?? 0})` })}
  >
    {title !== undefined && <title>{visibleText(title)}</title>}
    {shapes.map(shapeOf)}
  </g>
)

export const shapeOf = (shape: Shape, key: number) => {
  switch (shape.kind) {
    case 'rect':
      return <rect key={key} class={shape.className} x={shape.x} y={shape.y} width={shape.width} height={shape.height} rx={shape.rx} />
    case 'circle':
      return <circle key={key} class={shape.className} cx={shape.cx} cy={shape.cy} r={shape.r} />
    case 'path':
      return <path key={key} class={shape.className} d={shape.d} />
    case 'text':
      return (
        <text key={key} class={shape.className} x={shape.x} y={shape.y}>
          {visibleText(shape.text)}
        </text>
      )
  }
}
