// node scripts/build-code.ts [--if-stale] [FOLDER]: builds what the package runs into FOLDER, dist by default.
// A few files instead of some hundred: that halves what a short command takes to start. All of them lie in one folder, since a program
// beside a module (a thread, a process) is found by the module's own folder. Nothing is minified: a stack trace shows what src says.
// tsc writes the declarations.
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { rolldown } from 'rolldown'

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

const isOwn = (id: string): boolean => id.startsWith('.') || id.startsWith('/')

const codeIn = (folder: string): readonly string[] => (existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.js')) : [])

const buildCode = async (folder: string): Promise<void> => {
  const bundle = await rolldown({
    input: Object.fromEntries(ENTRIES.map((path) => [basename(path, '.ts'), join(source, path)])),
    platform: 'node',
    // Also '#sha256': package.json says what it is, here and in a browser.
    external: (id) => !isOwn(id),
  })
  for (const name of codeIn(folder)) rmSync(join(folder, name))
  await bundle.write({ dir: folder, format: 'esm', chunkFileNames: '[name]-[hash].js' })
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
