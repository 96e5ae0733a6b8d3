interface Palette {
  readonly paper: string
  readonly ink: string
  readonly faint: string
  readonly box: string
  readonly border: string
  readonly line: string
  readonly active: { readonly fill: string; readonly border: string }
  readonly human: { readonly fill: string; readonly border: string }
  readonly taken: string
}

const LIGHT: Palette = {
  paper: '#ffffff',
  ink: '#1f2328',
  faint: '#59636e',
  box: '#f6f8fa',
  border: '#818b98',
  line: '#818b98',
  active: { fill: '#d2f5da', border: '#1a7f37' },
  human: { fill: '#fff3d0', border: '#9a6700' },
  taken: '#bc4c00',
}

const DARK: Palette = {
  paper: '#0d1117',
  ink: '#e6edf3',
  faint: '#9ba5b0',
  box: '#1a2029',
  border: '#6e7781',
  line: '#7d8590',
  active: { fill: '#143d22', border: '#3fb950' },
  human: { fill: '#372a0b', border: '#d29922' },
  taken: '#ffa657',
}

// The chart as a whole is always active, which is not worth a colour.
const SHAPES = `
.refold-chart{font-family:system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
.refold-chart .box{stroke-width:1.2}
.refold-chart .parallel>.box{stroke-dasharray:6 4}
.refold-chart .inner{fill:none}
.refold-chart .title{font-size:13px;font-weight:600}
.refold-chart .middle{text-anchor:middle}
.refold-chart .row,.refold-chart .label,.refold-chart .legend{font-size:11px}
.refold-chart .line{fill:none;stroke-width:1.3}
.refold-chart .active>.box{stroke-width:3}
.refold-chart .compound.active>.box,.refold-chart .parallel.active>.box{stroke-width:2}
.refold-chart .whole.active>.box{stroke-width:1.2}
.refold-chart .taken .line{stroke-width:3}
.refold-chart .taken text{font-weight:700}`

const rules = (palette: Palette): string => `
.refold-chart .paper,.refold-chart .plate{fill:${palette.paper}}
.refold-chart text{fill:${palette.ink}}
.refold-chart .row,.refold-chart .legend{fill:${palette.faint}}
.refold-chart .box{fill:${palette.box};stroke:${palette.border}}
.refold-chart .compound>.box,.refold-chart .parallel>.box{fill:${palette.paper}}
.refold-chart .inner{stroke:${palette.border}}
.refold-chart .line{stroke:${palette.line}}
.refold-chart .head,.refold-chart .dot{fill:${palette.line}}
.refold-chart .icon{fill:${palette.human.border}}
.refold-chart .human>.box{fill:${palette.human.fill};stroke:${palette.human.border}}
.refold-chart .active:not(.whole)>.box{stroke:${palette.active.border}}
.refold-chart .atomic.active>.box,.refold-chart .final.active>.box{fill:${palette.active.fill}}
.refold-chart .taken .line{stroke:${palette.taken}}
.refold-chart .taken .head,.refold-chart .taken text{fill:${palette.taken}}`

/** The style sheet of a chart: light, and dark where the reader prefers it. Every rule is bound to the picture. */
export const chartStyle = (): string => `${SHAPES}${rules(LIGHT)}
@media (prefers-color-scheme:dark){${rules(DARK)}
}`
