import { visibleText } from '../../src/text.ts'
import { JsonTree } from '../json/json-tree.tsx'
import { ShownText } from '../parts/shown-text.tsx'
import { jsonChanges, type JsonChange } from './json-changes.ts'
import { wordDiff } from './word-diff.ts'

/** What two values have each for itself, place by place. */
export const JsonDiff = ({ a, b }: { readonly a: unknown; readonly b: unknown }) => {
  const changes = jsonChanges(a, b)
  if (changes.length === 0) return <p class="faint">Both say the same.</p>
  return (
    <dl class="changes">
      {changes.map((change) => (
        <div key={change.path} class="change">
          <dt class="mono">{visibleText(change.path)}</dt>
          <dd>
            <Change change={change} />
          </dd>
        </div>
      ))}
    </dl>
  )
}

const Change = ({ change }: { readonly change: JsonChange }) => {
  const { a, b } = change
  if (typeof a === 'string' && typeof b === 'string') return <WordDiff a={a} b={b} />
  return (
    <>
      {'a' in change && (
        <del>
          <JsonTree value={a} />
        </del>
      )}
      {'b' in change && (
        <ins>
          <JsonTree value={b} />
        </ins>
      )}
    </>
  )
}

/** What is struck out stands in A alone, what is underlined in B. */
export const WordDiff = ({ a, b }: { readonly a: string; readonly b: string }) => (
  <span class="words">
    {wordDiff(a, b).map(({ of, text }, index) => {
      const shown = <ShownText text={text} />
      if (of === 'both') return <span key={index}>{shown}</span>
      return of === 'a' ? <del key={index}>{shown}</del> : <ins key={index}>{shown}</ins>
    })}
  </span>
)
