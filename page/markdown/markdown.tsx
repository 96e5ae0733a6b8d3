import { fromMarkdown } from 'mdast-util-from-markdown'
import type { ComponentChildren } from 'preact'
import { useMemo } from 'preact/hooks'
import { visibleText } from '../../src/text.ts'
import { ShownText } from '../parts/shown-text.tsx'

type Tree = ReturnType<typeof fromMarkdown>
type Node = Tree | Tree['children'][number]

/** Reading a text takes longer than in proportion to its length, and drawing it as long as it has parts. */
const LONGEST = 20_000
const DEEPEST = 24

/** A text of anybody with the marks that it has: a tree of a few kinds of elements, never markup of its own, and nothing that is fetched. */
export const Markdown = ({ text }: { readonly text: string }) => {
  const tree = useMemo(() => (text.length > LONGEST ? undefined : fromMarkdown(text)), [text])
  if (tree === undefined) {
    return (
      <p class="said">
        <ShownText text={text} />
      </p>
    )
  }
  return <div class="markdown">{shownAll(tree.children, text, 0)}</div>
}

const shownAll = (nodes: readonly Node[], source: string, depth: number): readonly ComponentChildren[] =>
  nodes.map((node, index) => <Shown key={index} node={node} source={source} depth={depth} />)

interface ShownProps {
  readonly node: Node
  readonly source: string
  readonly depth: number
}

/** What is not on this list is shown as it was written. */
const Shown = ({ node, source, depth }: ShownProps) => {
  if (depth > DEEPEST) return <>{written(node, source)}</>
  const within = 'children' in node ? shownAll(node.children, source, depth + 1) : []
  switch (node.type) {
    case 'paragraph':
      return <p>{within}</p>
    case 'heading':
      return <p class="heading">{within}</p>
    case 'emphasis':
      return <em>{within}</em>
    case 'strong':
      return <strong>{within}</strong>
    case 'blockquote':
      return <blockquote>{within}</blockquote>
    case 'list':
      return node.ordered === true ? <ol start={node.start ?? 1}>{within}</ol> : <ul>{within}</ul>
    case 'listItem':
      return <li>{within}</li>
    case 'thematicBreak':
      return <hr />
    case 'break':
      return <br />
    case 'text':
      return <>{visibleText(node.value)}</>
    case 'inlineCode':
      return <code>{visibleText(node.value)}</code>
    case 'code':
      return (
        <pre tabIndex={0}>
          <code>{visibleText(node.value)}</code>
        </pre>
      )
    case 'link':
      return <ShownLink address={node.url} within={within} />
    case 'image':
      return (
        <>
          [image: {visibleText(node.alt ?? '')}] {visibleText(node.url)}
        </>
      )
    default:
      return <>{written(node, source)}</>
  }
}

const written = ({ position }: Node, source: string): string =>
  visibleText(source.slice(position?.start.offset ?? 0, position?.end.offset ?? 0))

const MAY_LEAD: ReadonlySet<string> = new Set(['http:', 'https:', 'mailto:'])

/** Leads where it says: the host stands behind its words. */
const ShownLink = ({ address, within }: { readonly address: string; readonly within: ComponentChildren }) => {
  const url = URL.canParse(address) ? new URL(address) : null
  if (url === null || !MAY_LEAD.has(url.protocol)) {
    return (
      <>
        {within} ({visibleText(address)})
      </>
    )
  }
  return (
    <>
      <a href={url.href} target="_blank" rel="noreferrer noopener">
        {within}
      </a>{' '}
      ({visibleText(url.protocol === 'mailto:' ? url.pathname : url.host)})
    </>
  )
}
