import { go } from '../address/address.ts'
import { shapeOf } from '../run/chart-picture.tsx'
import type { ChartPicture } from '../server/contract.ts'
import { visibleText } from '../../src/text.ts'
import type { ChartHeat } from './heat.ts'
import { PLATE_HEIGHT, platesOf, type Plate } from './plates.ts'

interface HeatPictureProps {
  readonly picture: ChartPicture
  readonly name: string
  readonly heat: ChartHeat
  /** The runs behind the number of a state or edge. */
  readonly hrefOf: (id: string) => string | undefined
}

/** The chart with a number on each state and edge. A click leads to the runs behind it; so does the table, for those who do not see the picture. */
export const HeatPicture = ({ picture, name, heat, hrefOf }: HeatPictureProps) => (
  <svg
    class="refold-chart heat"
    role="group"
    aria-label={`Statechart ${visibleText(name)} with its numbers`}
    width={picture.width}
    height={picture.height + PLATE_HEIGHT}
    viewBox={`0 0 ${picture.width} ${picture.height + PLATE_HEIGHT}`}
  >
    {picture.groups.map((group, index) => {
      const own = group.id === undefined ? undefined : (heat.states.get(group.id) ?? heat.edges.get(group.id))
      return (
        <g
          key={index}
          class={`${group.className} ${own?.className ?? ''}`}
          {...(group.x === undefined ? {} : { transform: `translate(${group.x} ${group.y ?? 0})` })}
        >
          {group.title !== undefined && <title>{visibleText(group.title)}</title>}
          {group.shapes.map(shapeOf)}
          {own?.isDouble === true && <Gap shapes={group.shapes} />}
        </g>
      )
    })}
    {platesOf(picture, heat).map((plate) => (
      <PlateOf key={`${plate.of} ${plate.id}`} plate={plate} href={hrefOf(plate.id)} />
    ))}
  </svg>
)

/** What makes two lines of one. */
const Gap = ({ shapes }: Pick<ChartPicture['groups'][number], 'shapes'>) =>
  shapes.map((shape, key) => (shape.kind === 'path' && shape.className === 'line' ? <path key={key} class="gap" d={shape.d} /> : null))

const PlateOf = ({ plate: { id, of, at, width, className, text }, href }: { readonly plate: Plate; readonly href: string | undefined }) => {
  const body = (
    <>
      <rect class="plate" x={at.x - width / 2} y={at.y - PLATE_HEIGHT / 2} width={width} height={PLATE_HEIGHT} rx={4} />
      <text class="row middle" x={at.x} y={at.y + 4}>
        {text}
      </text>
    </>
  )
  const named = { class: `figure ${of} ${className}`, 'data-id': id }
  if (href === undefined) return <g {...named}>{body}</g>
  return (
    <a
      {...named}
      href={href}
      // The table beside it has the same links; a picture with as many stops would keep the keyboard for long.
      tabIndex={of === 'state' ? 0 : -1}
      aria-label={`${visibleText(id)}: ${text}, its runs`}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return
        event.preventDefault()
        go(href)
      }}
    >
      {body}
    </a>
  )
}
