interface TrendPalette {
  readonly paper: string
  readonly ink: string
  readonly faint: string
  readonly grid: string
  /** Told apart also by who does not see red and green, and each of 3 : 1 against the paper. */
  readonly lines: readonly string[]
}

const LIGHT: TrendPalette = {
  paper: '#ffffff',
  ink: '#1f2328',
  faint: '#59636e',
  grid: '#d1d9e0',
  lines: ['#0072b2', '#c04f00', '#007d5a', '#a03f7a', '#6a51a3', '#59636e'],
}

const DARK: TrendPalette = {
  paper: '#0d1117',
  ink: '#e6edf3',
  faint: '#9ba5b0',
  grid: '#2f3742',
  lines: ['#56b4e9', '#ff9e5e', '#3fd6a4', '#e79fc7', '#b8a5f0', '#9ba5b0'],
}

/** Beside its colour, each line has dashes of its own. */
const DASHES = ['none', '7 3', '2 3', '9 3 2 3', '4 4', '12 3']

const SHAPES = `
.refold-trend{font-family:system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
.refold-trend .title{font-size:14px;font-weight:600}
.refold-trend .label{font-size:11px;text-anchor:middle}
.refold-trend .tick{font-size:11px;text-anchor:end}
.refold-trend .name{font-size:12px}
.refold-trend .grid{fill:none;stroke-width:1}
.refold-trend .line{fill:none;stroke-width:2}
.refold-trend .bar{fill:none;stroke-width:1.3}${DASHES.map((dashes, which) => `\n.refold-trend .line-${which} .line{stroke-dasharray:${dashes}}`).join('')}`

const rules = ({ paper, ink, faint, grid, lines }: TrendPalette): string => `
.refold-trend .paper{fill:${paper}}
.refold-trend text{fill:${ink}}
.refold-trend .tick,.refold-trend .label{fill:${faint}}
.refold-trend .grid{stroke:${grid}}${lines
  .map(
    (line, which) => `
.refold-trend .line-${which} .line,.refold-trend .line-${which} .bar{stroke:${line}}
.refold-trend .line-${which} .spot{fill:${line}}`,
  )
  .join('')}`

/** Light, and dark where the reader prefers it. Every rule is bound to the picture. */
export const trendStyle = (): string => `${SHAPES}${rules(LIGHT)}
@media (prefers-color-scheme:dark){${rules(DARK)}
}`
