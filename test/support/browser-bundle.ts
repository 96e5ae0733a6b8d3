import { gzipSync } from 'node:zlib'
import { isBuiltin } from 'node:module'
import { dirname } from 'node:path'
import { createContext, Script, type Context } from 'node:vm'
import { build, type Rolldown } from 'vite'

export interface BrowserBundle {
  readonly code: string
  /** Paths of what is in it, from the root of the project on; what a bundler puts in the place of a Node module is `node:NAME`. */
  readonly modules: readonly string[]
  readonly gzipped: number
}

/** Built as a user would for a browser; `name` becomes a global that holds what `entry` exports. */
export const browserBundle = async (entry: string, name: string, { fromSource = true } = {}): Promise<BrowserBundle> => {
  const built = (await build({
    configFile: false,
    logLevel: 'silent',
    root: dirname(entry),
    resolve: { conditions: [...(fromSource ? ['refold:source'] : []), 'module', 'browser', 'import', 'default'] },
    build: { write: false, minify: true, target: 'es2023', lib: { entry, name, formats: ['iife'], fileName: 'core' } },
  })) as readonly Rolldown.RolldownOutput[]
  const chunks = built.flatMap(({ output }) => output).filter((part) => part.type === 'chunk')
  const code = chunks.map((chunk) => chunk.code).join('\n')
  const modules = chunks.flatMap((chunk) => [...chunk.moduleIds, ...chunk.imports]).map(nameOf)
  return { code, modules, gzipped: gzipSync(code).length }
}

const BROWSER_EXTERNAL = '__vite-browser-external:'

const nameOf = (id: string): string => {
  const name = id.startsWith(BROWSER_EXTERNAL) ? id.slice(BROWSER_EXTERNAL.length) : id
  return isBuiltin(name) ? `node:${name.replace(/^node:/, '')}` : name.replace(`${process.cwd()}/`, '')
}

/** What a page finds, beside what JavaScript itself has: no `process`, no `Buffer`, no `require`, and no code made of text, as a strict content security policy has it. */
const pageGlobals = { TextEncoder, TextDecoder, structuredClone }

/** A page that has loaded the bundle. What goes in and comes out of it is text, since its `Object` is another one than ours. */
export const openPage = ({ code }: BrowserBundle): Context => {
  const page = createContext({ ...pageGlobals }, { codeGeneration: { strings: false, wasm: false } })
  new Script(code, { filename: 'bundle.js' }).runInContext(page)
  return page
}
