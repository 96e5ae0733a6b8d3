// node scripts/build-code.ts [--if-stale] [FOLDER]: builds what the package runs into FOLDER, dist by default.
// A few files instead of some hundred: to find and to load one takes half a millisecond and more. All of them lie in one folder, since a
// program beside a module (a thread, a process) is found by the module's own folder. Nothing is minified: a stack trace shows what src says.
// tsc writes the declarations.
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { rolldown, type Plugin } from 'rolldown'

const root = resolve(import.meta.dirname, '..')
const source = join(root, 'src')

/** What package.json names, and programs that are started by their path. */
const ENTRIES = [
  'main.ts',
  'index.ts',
  'core.ts',
  'testing.ts',
  'hash.node.ts',
  'hash.browser.ts',
  'projector-thread.ts',
  'pictures/elk-thread.ts',
  'views/sqlite-sql-process.ts',
]

/** How a process or a thread begins: what the same beginnings need is one file, and none of them loads what it does not need. */
const BEGINNINGS = {
  core: ['core.ts'],
  /** What main.ts loads, whatever the command. */
  cli: ['cli/program.ts', 'cli/exit-codes.ts', 'cli/speaks-json.ts', 'open.ts', 'clock.ts', 'early-environment.ts', 'secrets.ts'],
  refold: ['index.ts'],
  open: ['open-refold.ts'],
  projector: ['projector-thread.ts'],
  sql: ['views/sqlite-sql-process.ts'],
} as const
/** It has to be evaluated before all else, wherever it is imported. */
const ALONE = join(source, 'check-node.ts')

const isOwn = (id: string): boolean => id.startsWith('.') || id.startsWith('/')

const codeIn = (folder: string): readonly string[] => (existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.js')) : [])

interface ByBeginnings {
  readonly plugin: Plugin
  /** The name of a module's file; null where it is left to the bundler. */
  readonly fileOf: (id: string) => string | null
}

const byBeginnings = (): ByBeginnings => {
  const needed = new Map<string, ReadonlySet<string>>()
  const plugin: Plugin = {
    name: 'by-beginnings',
    buildEnd() {
      const imports = (id: string): readonly string[] => this.getModuleInfo(id)?.importedIds ?? []
      for (const [name, paths] of Object.entries(BEGINNINGS)) {
        const found = new Set<string>()
        const add = (id: string): void => {
          if (found.has(id) || !isOwn(id)) return
          found.add(id)
          for (const next of imports(id)) add(next)
        }
        for (const path of paths) add(join(source, path))
        needed.set(name, found)
      }
    },
  }
  const fileOf = (id: string): string | null => {
    const entries = ENTRIES.map((path) => join(source, path))
    if (id === ALONE || entries.includes(id)) return null
    const beginnings = Object.keys(BEGINNINGS).filter((name) => needed.get(name)?.has(id) === true)
    return beginnings.length === 0 ? null : beginnings.join('-')
  }
  return { plugin, fileOf }
}

const buildCode = async (folder: string): Promise<void> => {
  const { plugin, fileOf } = byBeginnings()
  const bundle = await rolldown({
    plugins: [plugin],
    preserveEntrySignatures: 'allow-extension',
    input: Object.fromEntries(ENTRIES.map((path) => [basename(path, '.ts'), join(source, path)])),
    platform: 'node',
    // Also '#sha256': package.json says what it is, here and in a browser.
    external: (id) => !isOwn(id),
  })
  for (const name of codeIn(folder)) rmSync(join(folder, name))
  await bundle.write({
    dir: folder,
    format: 'esm',
    chunkFileNames: '[name]-[hash].js',
    codeSplitting: { groups: [{ name: fileOf, debugName: 'beginnings' }], includeDependenciesRecursively: false },
  })
  await bundle.close()
}

const isStale = (folder: string): boolean => {
  const built = join(folder, 'main.js')
  if (!existsSync(built)) return true
  const { mtimeMs } = statSync(built)
  return readdirSync(source, { recursive: true, encoding: 'utf8' }).some((path) => statSync(join(source, path)).mtimeMs > mtimeMs)
}

const {
  values,
  positionals: [folder = join(root, 'dist')],
} = parseArgs({ options: { 'if-stale': { type: 'boolean', default: false } }, allowPositionals: true })
if (!values['if-stale'] || isStale(folder)) await buildCode(folder)
