import { trendStyle } from './trend-style.ts'
import { textWidth } from './text-width.ts'
import { escapeXml } from './xml.ts'

/** One version in a plot; null where nothing is known. */
export interface TrendSpot {
  readonly label: string
  readonly value: number | null
  readonly low: number | null
  readonly high: number | null
}

export interface TrendLine {
  readonly name: string
  readonly spots: readonly TrendSpot[]
}

export interface TrendPlot {
  readonly title: string
  /** Shares from 0 to 1, each line with a spot for each version, in the same order. */
  readonly lines: readonly TrendLine[]
}

const PLOT = { left: 56, top: 40, height: 240, step: 110, bottom: 56, legend: 22 }
/** More than that nobody tells apart. */
const MOST_LINES = 6
const MOST_SPOTS = 200
const LONGEST_LABEL = 100
const TICKS = [0, 0.25, 0.5, 0.75, 1]

/** Shares over versions with their intervals, as one SVG document: light, or dark where the reader prefers it. */
export const trendSvg = ({ title, lines }: TrendPlot): string => {
  const shown = lines.slice(0, MOST_LINES).map(({ name, spots }) => ({ name, spots: spots.slice(-MOST_SPOTS) }))
  const labels = shown[0]?.spots.map(({ label }) => label) ?? []
  const width = PLOT.left + PLOT.step * Math.max(3, labels.length) + 16
  const height = PLOT.top + PLOT.height + PLOT.bottom + PLOT.legend * shown.length
  const x = (index: number): number => PLOT.left + PLOT.step * (index + 0.5)
  const body = [
    `<rect class="paper" width="${width}" height="${height}"/>`,
    `<text class="title" x="${PLOT.left}" y="22">${escapeXml(shortened(title))}</text>`,
    ...TICKS.map((tick) => tickSvg(tick, width)),
    ...labels.map(
      (label, index) => `<text class="label" x="${x(index)}" y="${PLOT.top + PLOT.height + 20}">${escapeXml(fitting(label))}</text>`,
    ),
    ...shown.map((line, which) => lineSvg(line, { which, of: shown.length, x })),
    ...shown.map(({ name }, which) => legendSvg(name, which)),
  ].join('\n')
  const words = escapeXml(`${shortened(title)}: ${labels.length} versions`)
  return `<svg xmlns="http://www.w3.org/2000/svg" class="refold-trend" role="img" aria-label="${words}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<style>${trendStyle()}</style>
${body}
</svg>
`
}

const y = (share: number): number => round(PLOT.top + (1 - Math.min(1, Math.max(0, share))) * PLOT.height)

const round = (value: number): number => Math.round(value * 10) / 10

const tickSvg = (tick: number, width: number): string =>
  `<path class="grid" d="M${PLOT.left} ${y(tick)}H${width - 16}"/><text class="tick" x="${PLOT.left - 8}" y="${y(tick) + 4}">${tick * 100} %</text>`

interface Placing {
  readonly which: number
  readonly of: number
  readonly x: (index: number) => number
}

/** Lines stand a little beside each other, so that their intervals do not hide each other. */
const lineSvg = ({ name, spots }: TrendLine, { which, of, x }: Placing): string => {
  const beside = (index: number): number => round(x(index) + (which - (of - 1) / 2) * 7)
  const known = spots.flatMap(({ value, ...spot }, index) => (value === null ? [] : [{ ...spot, value, at: beside(index), index }]))
  const path = known
    .map(({ at, value, index }) => `${known.some((each) => each.index === index - 1) ? 'L' : 'M'}${at} ${y(value)}`)
    .join('')
  const marks = known.map(({ label, at, value, low, high }) => {
    const bar = low === null || high === null ? '' : `<path class="bar" d="M${at - 4} ${y(low)}h8m-4 0V${y(high)}m-4 0h8"/>`
    const range = low === null || high === null ? '' : `, ${share(low)} to ${share(high)}`
    return `<g><title>${escapeXml(`${shortened(label)}: ${shortened(name)} ${share(value)}${range}`)}</title>${bar}<circle class="spot" cx="${at}" cy="${y(value)}" r="4"/></g>`
  })
  return `<g class="line-${which}"><path class="line" d="${path}"/>${marks.join('')}</g>`
}

const legendSvg = (name: string, which: number): string => {
  const top = PLOT.top + PLOT.height + PLOT.bottom + PLOT.legend * which - 8
  return `<g class="line-${which}"><path class="line" d="M${PLOT.left} ${top - 4}h24"/><circle class="spot" cx="${PLOT.left + 12}" cy="${top - 4}" r="4"/><text class="name" x="${PLOT.left + 32}" y="${top}">${escapeXml(shortened(name))}</text></g>`
}

const share = (value: number): string => `${(value * 100).toFixed(1)} %`

const shortened = (text: string): string => {
  const letters = Array.from(text)
  return letters.length <= LONGEST_LABEL ? text : `${letters.slice(0, LONGEST_LABEL - 1).join('')}…`
}

/** As much of its end as has room: versions differ there. */
const fitting = (label: string): string => {
  const letters = Array.from(label).slice(-LONGEST_LABEL)
  let kept = letters
  while (kept.length > 1 && textWidth(kept.join(''), 11) > PLOT.step - 12) kept = kept.slice(1)
  return kept.length === Array.from(label).length ? label : `…${kept.slice(1).join('')}`
}
