import { useState } from 'preact/hooks'

/** Browsers give the clipboard to secure contexts only: over plain HTTP in a network the old way has to do. */
const copy = async (text: string): Promise<boolean> => {
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

export const CopyButton = ({ text, what }: { readonly text: string; readonly what: string }) => {
  const [said, setSaid] = useState('')
  return (
    <button
      type="button"
      class="plain"
      aria-label={`Copy ${what}`}
      onClick={() => {
        void copy(text).then((isCopied) => {
          setSaid(isCopied ? 'Copied' : 'Select it and copy')
        })
      }}
    >
      {said === '' ? 'Copy' : said}
    </button>
  )
}
