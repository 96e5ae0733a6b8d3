import { useEffect } from 'preact/hooks'
import { preferences } from '../preferences/preferences.ts'

/** Something that keys do: the help lists it, and the palette offers it by its words. */
export interface KeyAction {
  /**
   * As the browser names them; `Shift+ArrowLeft` with the Shift key, `Mod+k` with Ctrl or ⌘, `g r` one after the other. Each of them does it.
   */
  readonly keys: readonly string[]
  readonly does: string
  readonly act: () => void
}

type Layer = readonly KeyAction[]

const layers: Layer[] = []

/** What keys do here, those of inner components first. */
export const actionsHere = (): readonly KeyAction[] => layers.toReversed().flat()

const nameOf = ({ key, shiftKey, ctrlKey, metaKey }: KeyboardEvent): string => {
  const name = shiftKey && key.length > 1 ? `Shift+${key}` : key
  return ctrlKey || metaKey ? `Mod+${name}` : name
}

const isWithin = (target: EventTarget | null, selector: string): boolean => target instanceof Element && target.closest(selector) !== null

const FIELDS = 'input:not([type=range],[type=checkbox],[type=radio]),textarea,select,[contenteditable]'
/** Where these keys already do something: press what has the focus. */
const PRESSED = 'button,a,summary,input,label,[role=button]'

const isMeantForFocus = ({ key, target }: KeyboardEvent, isWithModifier: boolean): boolean =>
  (!isWithModifier && isWithin(target, FIELDS)) || ((key === ' ' || key === 'Enter') && isWithin(target, PRESSED))

/** So long after the first of two keys the second says what. */
const SECOND_KEY_MS = 1_500

let begun = ''
let timer: ReturnType<typeof setTimeout> | undefined

const setBegun = (name: string): void => {
  clearTimeout(timer)
  begun = name
  if (name !== '') timer = setTimeout(() => (begun = ''), SECOND_KEY_MS)
}

/** What is left to the browser, and to whom the key was meant for. */
const isOfOthers = (event: KeyboardEvent): boolean => {
  const isWithModifier = event.ctrlKey || event.metaKey
  if (event.defaultPrevented || event.altKey || MODIFIERS.has(event.key) || isMeantForFocus(event, isWithModifier)) return true
  if (document.querySelector('dialog[open]') !== null) return true
  return !isWithModifier && event.key.length === 1 && !preferences.getSnapshot().context.letters
}

addEventListener('keydown', (event) => {
  if (isOfOthers(event)) return
  const name = begun === '' ? nameOf(event) : `${begun} ${nameOf(event)}`
  setBegun('')
  const here = actionsHere()
  const found = here.find(({ keys }) => keys.includes(name))
  if (found === undefined && !here.some(({ keys }) => keys.some((each) => each.startsWith(`${name} `)))) return
  event.preventDefault()
  if (found === undefined) setBegun(name)
  else found.act()
})

const MODIFIERS: ReadonlySet<string> = new Set(['Shift', 'Control', 'Meta', 'Alt'])

/** They hold as long as the component is there; those of an inner one go before. */
export const useKeys = (actions: Layer): void => {
  useEffect(() => {
    layers.push(actions)
    return () => {
      layers.splice(layers.indexOf(actions), 1)
    }
  })
}

const SIGNS: Readonly<Record<string, string>> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
}

/** `Shift ←`, `Ctrl K`, `g then r`: as people name keys. */
export const keyText = (keys: string): string => (keys === ' ' ? 'Space' : keys.split(' ').map(chordText).join(' then '))

const chordText = (chord: string): string => {
  const [first = '', second = ''] = chord.split('+')
  if (first === 'Mod') return `${IS_MAC ? '⌘' : 'Ctrl'} ${second.toUpperCase()}`
  if (second !== '') return `${first} ${SIGNS[second] ?? second}`
  return SIGNS[first] ?? (/^[A-Z]$/.test(first) ? `Shift ${first}` : first)
}

const IS_MAC = /Mac|iPhone|iPad/.test(navigator.userAgent)
