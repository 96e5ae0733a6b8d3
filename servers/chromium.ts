import { execFile } from 'node:child_process'
import { access, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { messageOf } from '../src/errors.ts'
import { CACHE, fetchWithLibraries } from './debian-program.ts'

const run = promisify(execFile)

export type FoundChromium =
  { readonly path: string; readonly environment: Readonly<Record<string, string>>; readonly missing?: never } | { readonly missing: string }

/** Chromium as other programs of the machine find it. */
const ON_THE_PATH = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']
const FETCHED = join(CACHE, 'chromium')

/** `REFOLD_CHROMIUM`, or the one on the PATH; else that of Debian, which apt-get fetches (125 MB) and which is taken out and not installed. */
export const findChromium = async (): Promise<FoundChromium> => {
  const named = process.env['REFOLD_CHROMIUM']
  for (const name of named === undefined ? ON_THE_PATH : [named]) {
    const path = await pathOf(name)
    if (path !== undefined) return { path, environment: {} }
  }
  if (named !== undefined) return { missing: `REFOLD_CHROMIUM is ${named}, which does not run` }
  try {
    const program = join(FETCHED, 'usr/lib/chromium/chromium')
    if (!(await exists(program))) await fetchWithLibraries('chromium', FETCHED)
    const environment = { LD_LIBRARY_PATH: (await libraryFolders(FETCHED)).join(':') }
    await run(program, ['--version'], { env: { ...process.env, ...environment } })
    return { path: program, environment }
  } catch (error) {
    return { missing: `no chromium on the PATH, and apt-get fetched none that runs here: ${messageOf(error).split('\n')[0]}` }
  }
}

const pathOf = async (name: string): Promise<string | undefined> => {
  try {
    await run(name, ['--version'])
    // Where it is given as a path, the browser is started from there.
    return name.includes('/') ? name : (await run('which', [name])).stdout.trim()
  } catch {
    return undefined
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

const libraryFolders = async (root: string): Promise<string[]> => {
  const files = await readdir(join(root, 'usr/lib'), { recursive: true, withFileTypes: true })
  return [...new Set(files.flatMap((file) => (/\.so(\.|$)/.test(file.name) ? [file.parentPath] : [])))]
}
