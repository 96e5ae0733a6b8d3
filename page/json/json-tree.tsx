import { useState } from 'preact/hooks'
import { visibleText } from '../../src/text.ts'
import { ShownText } from '../parts/shown-text.tsx'

const AT_ONCE = 100
const OPEN_DEPTH = 2
const OPEN_COUNT = 20

interface JsonTreeProps {
  readonly value: unknown
  readonly name?: string | undefined
  readonly depth?: number
}

/** Any JSON. What lies deeper is looked at when it is opened, a hundred members at a time. */
export const JsonTree = ({ value, name, depth = 0 }: JsonTreeProps) =>
  typeof value === 'object' && value !== null ? (
    <Branch value={value as Readonly<Record<string, unknown>>} name={name} depth={depth} />
  ) : (
    <div class="leaf">
      <Name name={name} />
      <span class={value === null ? 'null' : typeof value}>
        {typeof value === 'string' ? <ShownText text={value} /> : visibleText(String(value))}
      </span>
    </div>
  )

const Name = ({ name }: { readonly name: string | undefined }) =>
  name === undefined ? null : (
    <span class="key">
      <ShownText text={name} />:{' '}
    </span>
  )

interface BranchProps {
  readonly value: Readonly<Record<string, unknown>>
  readonly name: string | undefined
  readonly depth: number
}

const Branch = ({ value, name, depth }: BranchProps) => {
  const keys = Object.keys(value)
  const [isOpen, setOpen] = useState(depth < OPEN_DEPTH && keys.length <= OPEN_COUNT)
  const [shown, setShown] = useState(AT_ONCE)
  const brackets = Array.isArray(value) ? `[ ${keys.length} ]` : `{ ${keys.length} }`
  return (
    <div class="branch">
      <button
        type="button"
        class="plain"
        aria-expanded={isOpen}
        onClick={() => {
          setOpen(!isOpen)
        }}
      >
        <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span> <Name name={name} />
        <span class="faint">{brackets}</span>
      </button>
      {isOpen && (
        <div class="members">
          {keys.slice(0, shown).map((key) => (
            <JsonTree key={key} name={key} value={value[key]} depth={depth + 1} />
          ))}
          {keys.length > shown && (
            <button
              type="button"
              onClick={() => {
                setShown(shown + AT_ONCE)
              }}
            >
              {keys.length - shown} more
            </button>
          )}
        </div>
      )}
    </div>
  )
}
