import { useEffect } from 'preact/hooks'
import { preferences } from '../preferences/preferences.ts'

/** What a key does, by its name as the browser has it; `Shift+J` with the Shift key. */
export type Keys = Readonly<Record<string, () => void>>

const layers: Keys[] = []

const nameOf = ({ key, shiftKey }: KeyboardEvent): string => (shiftKey && key.length > 1 ? `Shift+${key}` : key)

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('input:not([type=range]),textarea,select,[contenteditable]') !== null

addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
  if (document.querySelector('dialog[open]') !== null) return
  if (event.key.length === 1 && !preferences.getSnapshot().context.letters) return
  const name = nameOf(event)
  const act = layers.findLast((layer) => layer[name] !== undefined)?.[name]
  if (act === undefined) return
  event.preventDefault()
  act()
})

/** They hold as long as the component is there; those of an inner one go before. */
export const useKeys = (keys: Keys): void => {
  useEffect(() => {
    layers.push(keys)
    return () => {
      layers.splice(layers.indexOf(keys), 1)
    }
  })
}
