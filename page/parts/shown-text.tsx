import { visibleText } from '../../src/text.ts'

const LONGEST = 64 * 1024
const SHOWN = 16 * 1024

/** Text of anybody, as text: what would turn its direction, or hide in it, is shown by its number. What is very long is shown in part. */
export const ShownText = ({ text }: { readonly text: string }) => {
  if (text.length <= LONGEST) return <>{visibleText(text)}</>
  return (
    <>
      {visibleText(text.slice(0, SHOWN))}
      <span class="cut"> … {(text.length - 2 * SHOWN).toLocaleString('en')} characters are not shown … </span>
      {visibleText(text.slice(-SHOWN))}
    </>
  )
}
