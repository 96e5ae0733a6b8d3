// Builds the debugger's page into dist/page, with what it was built from, so that a page of other sources is noticed.
// With --if-stale only where that has changed.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { build, type Rolldown } from 'vite'
import { isBuiltFrom, PAGE_SOURCES } from '../src/http/page-sources.ts'
import config from '../page/vite.config.ts'

const root = resolve(import.meta.dirname, '..')
const folder = resolve(root, 'dist/page')
/** Beside the modules: what they import has no name where it is a package, and style sheets import each other. */
const beside = (): string[] => [
  'package-lock.json',
  ...readdirSync(resolve(root, 'page'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, resolve(entry.parentPath, entry.name))),
]

const digest = (path: string): string =>
  createHash('sha256')
    .update(readFileSync(resolve(root, path)))
    .digest('hex')

const ownModules = ({ output }: Rolldown.RolldownOutput): string[] =>
  output
    .flatMap((part) => (part.type === 'chunk' ? part.moduleIds : []))
    .map((id) => relative(root, id))
    .filter((path) => path.startsWith('src/'))

const buildPage = async (): Promise<void> => {
  const built = (await build({ ...config, configFile: false })) as Rolldown.RolldownOutput
  const files = [...new Set([...ownModules(built), ...beside()])].sort()
  writeFileSync(resolve(folder, PAGE_SOURCES), JSON.stringify(Object.fromEntries(files.map((path) => [path, digest(path)])), null, 2))
}

if (!process.argv.includes('--if-stale')) await buildPage()
else if (!isBuiltFrom(folder, root)) {
  console.error('Building the debugger’s page …')
  await buildPage()
}
