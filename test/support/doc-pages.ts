import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')

export interface DocPage {
  /** From the root of the project. */
  readonly path: string
  readonly text: string
  readonly fences: readonly Fence[]
}

/** A block of code. `info` is what stands behind its opening ticks: `ts order.ts`, `sh run`, `text prints`. */
export interface Fence {
  readonly info: string
  readonly text: string
}

/** Every page that people read: those of `docs`, and those of the root. */
export const docPages = (): readonly DocPage[] => {
  const inDocs = readdirSync(resolve(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((path) => `docs/${path}`)
  const paths = ['README.md', 'CONTRIBUTING.md', 'AGENTS.md', ...inDocs.filter((path) => path.endsWith('.md')).sort()]
  return paths.map((path) => {
    const text = readFileSync(resolve(root, path), 'utf8')
    return { path, text, fences: fencesOf(text) }
  })
}

export const pageAt = (path: string): DocPage => {
  const page = docPages().find((one) => one.path === path)
  if (page === undefined) throw new Error(`expected a page ${path}`)
  return page
}

const fencesOf = (text: string): Fence[] =>
  [...text.matchAll(/^```(\S[^\n]*)\n([^]*?)^```$/gm)].map(([, info = '', inside = '']) => ({ info: info.trim(), text: inside }))

/** The text without its code blocks and code spans. */
export const proseOf = (page: DocPage): string => page.text.replace(/^```[^]*?^```$/gm, '').replace(/`[^`\n]*`/g, '')

/** What a reader does with a page, in order. */
export type Step =
  | { readonly kind: 'file'; readonly path: string; readonly text: string }
  | {
      readonly kind: 'run'
      readonly commands: readonly string[]
      readonly dies: boolean
      readonly exits: number
      readonly prints: string | undefined
    }

/** Throws for a block of TypeScript that names no file, since nothing would check it. */
export const stepsOf = ({ path, fences }: DocPage): readonly Step[] =>
  fences.flatMap(({ info, text }, index): Step[] => {
    const [language, word] = info.split(' ')
    if (language === 'ts') {
      if (word === undefined || !/^[\w.-]+\.ts$/.test(word))
        throw new Error(`${path}: expected the name of a file behind \`\`\`ts, found "${info}"`)
      return [{ kind: 'file', path: word, text }]
    }
    if (language !== 'sh' || word !== 'run') return []
    const next = fences[index + 1]
    const prints = next?.info === 'text prints' ? next.text : undefined
    return [
      {
        kind: 'run',
        commands: text.trim().split('\n'),
        dies: info.endsWith(' dies'),
        exits: Number(/ exits (\d+)$/.exec(info)?.[1] ?? 0),
        prints,
      },
    ]
  })
