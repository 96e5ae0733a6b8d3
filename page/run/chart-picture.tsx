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

/** The same shapes as in every other picture of the chart, with what is active and what was taken. */
export const ChartDrawing = ({ picture, name, active, taken }: ChartPictureProps) => (
  <svg
    class="refold-chart"
    role="img"
    aria-label={`Statechart ${visibleText(name)}`}
    width={picture.width}
    height={picture.height}
    viewBox={`0 0 ${picture.width} ${picture.height}`}
  >
    {picture.groups.map((group, index) => (
      <g
        key={index}
        class={classOf(group, active, taken)}
        {...(group.id === undefined ? {} : { 'data-id': group.id })}
        {...(group.x === undefined ? {} : { transform: `translate(${group.x} ${group.y ?? 0})` })}
      >
        {group.title !== undefined && <title>{visibleText(group.title)}</title>}
        {group.shapes.map(shapeOf)}
      </g>
    ))}
  </svg>
)

const classOf = ({ className, id }: Group, active: ReadonlySet<string>, taken: ReadonlySet<string>): string => {
  if (id === undefined) return className
  return `${className}${active.has(id) ? ' active' : ''}${taken.has(id) ? ' taken' : ''}`
}

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
