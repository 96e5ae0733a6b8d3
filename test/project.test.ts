import { readdirSync, readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { errorCodes } from '../src/errors.ts'
import { runEventTypes } from '../src/events/run-events.ts'
import { verbs } from '../src/events/verbs.ts'
import { sha256 } from '../src/hash.ts'
import { exportsWithoutDocstring } from './support/docstrings.ts'

const root = resolve(import.meta.dirname, '..')
const text = (path: string): string => readFileSync(resolve(root, path), 'utf8')

const filesBelow = (folder: string): string[] =>
  readdirSync(resolve(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => resolve(entry.parentPath, entry.name).slice(root.length + 1))

const sources = ['src', 'page', 'test', 'servers', 'simulation', 'chaos', 'scripts', 'examples', 'bench']
  .flatMap(filesBelow)
  .filter((path) => /\.tsx?$/.test(path))

describe('event types', () => {
  test('end with a verb of the closed list', () => {
    expect(runEventTypes.filter((type) => !verbs.some((verb) => type.endsWith(verb)))).toEqual([])
  })

  test('begin with a noun', () => {
    expect(runEventTypes.filter((type) => !/^([A-Z][a-z]+){2,}$/.test(type))).toEqual([])
  })

  test('use every verb of the list', () => {
    expect(verbs.filter((verb) => !runEventTypes.some((type) => type.endsWith(verb)))).toEqual([])
  })
})

describe('source files', () => {
  const KEBAB = '[a-z0-9]+(-[a-z0-9]+)*'
  // One dot in the stem marks an adapter (event-log.sqlite.ts) or a test of one.
  const NAME = new RegExp(`^${KEBAB}(\\.${KEBAB})?(\\.test|\\.test-d|\\.bench)?\\.tsx?$`)
  const SAYS_NOTHING = /^(utils?|helpers?|common|misc|shared|types?|index|constants|interfaces)(\.|$)/

  test('have names in kebab-case', () => {
    expect(sources.filter((path) => !NAME.test(basename(path)))).toEqual([])
  })

  test('are named for the one thing inside', () => {
    expect(sources.filter((path) => SAYS_NOTHING.test(basename(path)) && path !== 'src/index.ts')).toEqual([])
  })

  test('of an adapter lie beside their port', () => {
    const adapters = filesBelow('src').filter((path) => /^[^.]+\.[^.]+\.ts$/.test(basename(path)))
    const portOf = (path: string): string => path.replace(/\.[^./]+\.ts$/, '.ts')
    expect(adapters.filter((path) => !sources.includes(portOf(path)))).toEqual([])
  })
})

describe('the error page', () => {
  const page = text('docs/errors.md')
  const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)

  test('has a heading for every code, in the order of the code, and no other', () => {
    expect(headings).toEqual(errorCodes)
  })

  test('says for each what it means and what to do', () => {
    const sections = page.split(/^## /m).slice(1)
    expect(sections.filter((section) => !/\*\*Means\*\* \S[^]*\*\*Do\*\* \S/.test(section))).toEqual([])
  })
})

describe('published schemas', () => {
  test('never change and never go away', () => {
    const published = JSON.parse(text('schemas/published.json')) as Record<string, string>
    const present = new Map(filesBelow('schemas/events').map((path) => [basename(path), sha256(text(path))]))
    expect(Object.keys(published).filter((file) => present.get(file) !== published[file])).toEqual([])
  })
})

describe('the public API', () => {
  test.each(['index', 'core', 'testing'])('has a docstring on every function, constant and class of src/%s.ts', (entry) => {
    expect(exportsWithoutDocstring(resolve(root, `src/${entry}.ts`))).toEqual([])
  })
})
