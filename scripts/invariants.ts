import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')

/** A numbered promise at the head of a file, which tests and reviews cite: `ACTOR2`. */
interface Invariant {
  readonly name: string
  readonly text: string
  readonly file: string
}

const NUMBERED = /^\/\/ {3}([A-Z]+\d+)\. (.+(?:\n\/\/ {7}.+)*)$/gm

const invariantsIn = ([file, text]: readonly [file: string, text: string]): Invariant[] =>
  [...text.matchAll(NUMBERED)].map(([, name = '', promise = '']) => ({ name, text: promise.replace(/\n\/\/ +/g, ' '), file }))

/** A list, file by file. Throws where two promises have one name: whoever cites it would mean either. */
export const invariantList = (sources: ReadonlyMap<string, string> = sourcesOfSrc()): string => {
  const invariants = [...sources].flatMap(invariantsIn)
  const files = new Map<string, string>()
  for (const { name, file } of invariants) {
    const other = files.get(name)
    if (other !== undefined) throw new Error(`expected one invariant ${name}, found two, in ${other} and in ${file}`)
    files.set(name, file)
  }
  return [...Map.groupBy(invariants, ({ file }) => file)]
    .map(([file, kept]) => [`\`${file}\``, '', ...kept.map(({ name, text }) => `- **${name}**: ${text}`)].join('\n'))
    .join('\n\n')
}

const sourcesOfSrc = (): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(resolve(root, 'src'), { recursive: true, encoding: 'utf8' })
      .map((path) => `src/${path}`)
      .filter((path) => path.endsWith('.ts'))
      .sort()
      .map((path) => [path, readFileSync(resolve(root, path), 'utf8')]),
  )
