import { createStore } from '@xstate/store'

/** Browsers give the clipboard to secure contexts only: over plain HTTP in a network the old way has to do. */
export const copy = async (text: string): Promise<boolean> => {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copiedFromField(text)
  }
}

const copiedFromField = (text: string): boolean => {
  const field = document.createElement('textarea')
  field.value = text
  const around = document.querySelector('dialog[open]') ?? document.body
  around.append(field)
  field.select()
  const command = document as unknown as { execCommand?: (name: string) => boolean }
  const isCopied = command.execCommand?.('copy') === true
  field.remove()
  return isCopied
}

/** What was copied by key, in words. */
export const copied = createStore({ context: { words: '' }, on: { told: (_, { words }: { words: string }) => ({ words }) } })

const SHOWN_MS = 4_000
let timer: ReturnType<typeof setTimeout> | undefined

/** Copies what is there, and says what that was. */
export const copyAs = async (what: string, text: string | undefined): Promise<void> => {
  const isCopied = text !== undefined && (await copy(text))
  copied.trigger.told({ words: isCopied ? `Copied: ${what}` : `Nothing was copied: ${what}` })
  clearTimeout(timer)
  timer = setTimeout(() => {
    copied.trigger.told({ words: '' })
  }, SHOWN_MS)
}
