import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')

/** A numbered promise at the head of a file, which tests and reviews cite: `A2`. */
interface Invariant {
  readonly name: string
  readonly text: string
  readonly file: string
}

const NUMBERED = /^\/\/ {3}([A-Z]\d)\. (.+(?:\n\/\/ {7}.+)*)$/gm

const invariantsIn = (file: string): Invariant[] =>
  [...readFileSync(resolve(root, file), 'utf8').matchAll(NUMBERED)].map(([, name = '', text = '']) => ({
    name,
    text: text.replace(/\n\/\/ +/g, ' '),
    file,
  }))

/** Those of `src`, as the rows of a table, file by file. */
export const invariantTable = (): string => {
  const files = readdirSync(resolve(root, 'src'), { recursive: true, encoding: 'utf8' }).map((path) => `src/${path}`)
  const rows = files
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .flatMap(invariantsIn)
    .map(({ name, text, file }) => `| ${name} | ${text} | \`${file}\` |`)
  return ['| Name | Promise | Kept in |', '| --- | --- | --- |', ...rows].join('\n')
}
