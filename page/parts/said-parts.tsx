import { JsonTree } from '../json/json-tree.tsx'
import type { Prompt } from '../server/contract.ts'
import { ShownText } from './shown-text.tsx'

type SaidPart = Prompt['messages'][number]['message']['parts'][number]

/** What a message of a prompt holds: texts as they are, all else as JSON. */
export const SaidParts = ({ parts }: { readonly parts: readonly SaidPart[] }) =>
  parts.map((part, at) =>
    part.type === 'text' ? (
      <p key={at} class="said">
        <ShownText text={part.text} />
      </p>
    ) : (
      <JsonTree key={at} value={part} />
    ),
  )
