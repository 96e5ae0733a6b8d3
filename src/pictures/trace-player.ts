// What the page of a trace carries inside itself: it has to work from a file, without network and without a build.

export const playerStyle = `
body{display:grid;grid-template-rows:auto 1fr;height:100vh;margin:0;font:14px/1.45 system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;color:CanvasText;background:Canvas}
header{display:flex;flex-wrap:wrap;gap:.4rem .6rem;align-items:center;padding:.5rem 1rem;border-bottom:1px solid #8885}
h1{font-size:1rem;margin:0 .6rem 0 0}
header button{font:inherit;padding:.1rem .6rem}
#slider{flex:1 1 12rem;max-width:32rem}
#count{min-width:4.5em;font-variant-numeric:tabular-nums}
#said{flex:1 0 100%;margin:0;min-height:1.45em}
main{display:flex;min-height:0}
#picture{flex:1 1 auto;min-width:0;overflow:auto;padding:.5rem}
#picture svg{max-width:100%;height:auto;display:block;margin:auto}
#picture .state{scroll-margin:2rem}
#steps{position:relative;flex:0 0 15rem;overflow:auto;margin:0;padding:.5rem .5rem .5rem 3rem;font-size:12px}
#steps button{all:unset;display:block;width:100%;box-sizing:border-box;cursor:pointer;padding:.15rem .4rem;border-radius:4px;overflow-wrap:anywhere}
#steps button:focus-visible{outline:2px solid}
#steps [aria-current] button{background:#bc4c00;color:#fff}
@media (max-width:60rem){main{flex-direction:column}#steps{flex-basis:25vh}}`

export const playerScript = `
const trace = JSON.parse(document.getElementById('trace').textContent)
const byId = (id) => document.getElementById(id)
const marked = [...document.querySelectorAll('#picture [data-id]')]
const items = [...document.querySelectorAll('#steps li')]
let step = 0

const show = (wanted, scrolls) => {
  step = Math.max(0, Math.min(trace.length - 1, wanted))
  const { label, note, active, taken } = trace[step]
  for (const element of marked) {
    const isEdge = element.classList.contains('edge')
    const isOn = (isEdge ? taken : active).includes(element.dataset.id)
    element.classList.toggle(isEdge ? 'taken' : 'active', isOn)
    if (isEdge && isOn && element.querySelector('.line')) raise(element)
  }
  items.forEach((item, at) => (at === step ? item.setAttribute('aria-current', 'step') : item.removeAttribute('aria-current')))
  byId('slider').value = step
  byId('count').textContent = step + 1 + ' / ' + trace.length
  byId('label').textContent = label
  byId('note').textContent = note
  history.replaceState(null, '', '#' + (step + 1))
  if (!scrolls) return
  marked.filter((element) => element.matches('.state.active')).at(-1)?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  const list = byId('steps')
  list.scrollTop = items[step].offsetTop - list.clientHeight / 2
}

// A marked line lies above the others, but under all labels.
const raise = (line) => {
  const lines = marked.filter((element) => element.querySelector('.line'))
  const last = lines.reduce((a, b) => (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? b : a))
  if (last !== line) last.after(line)
}

byId('back').onclick = () => show(step - 1, true)
byId('forth').onclick = () => show(step + 1, true)
byId('slider').oninput = (event) => show(Number(event.target.value), true)
items.forEach((item, at) => (item.firstChild.onclick = () => show(at, true)))
const keys = { ArrowLeft: () => step - 1, ArrowRight: () => step + 1, Home: () => 0, End: () => trace.length - 1 }
document.addEventListener('keydown', (event) => {
  if (event.target.id === 'slider' || event.altKey || event.ctrlKey || event.metaKey || !keys[event.key]) return
  event.preventDefault()
  show(keys[event.key](), true)
})
addEventListener('hashchange', () => show(Number(location.hash.slice(1)) - 1, true))
show((Number(location.hash.slice(1)) || 1) - 1, location.hash !== '')
`
