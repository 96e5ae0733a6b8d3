import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { messageOf } from '../src/errors.ts'

/** A program that no package of npm holds. */
export type DebianProgram = keyof typeof PROGRAMS

const PROGRAMS = {
  nginx: { from: 'nginx', path: 'usr/sbin/nginx', versionFlag: '-v' },
  promtool: { from: 'prometheus', path: 'usr/bin/promtool', versionFlag: '--version' },
} as const

/** Where what was fetched is kept. */
export const CACHE = resolve(import.meta.dirname, '../.cache/debian')

const run = promisify(execFile)

export type FoundProgram = { readonly path: string; readonly missing?: never } | { readonly missing: string; readonly path?: never }

/** The one on the PATH; else that of the package of Debian or Ubuntu, which apt-get fetches (0.5 MB, 20 MB), taken out of it and not installed. */
export const debianProgram = async (name: DebianProgram): Promise<FoundProgram> => {
  const { from, path, versionFlag } = PROGRAMS[name]
  const fetched = join(CACHE, name)
  for (const place of [name, `/${path}`, fetched]) if (await answers(place, versionFlag)) return { path: place }
  try {
    await fetchProgram(from, path, fetched)
  } catch (error) {
    return { missing: `no ${name} on the PATH, and apt-get did not fetch the package ${from}: ${messageOf(error).split('\n')[0]}` }
  }
  return (await answers(fetched, versionFlag))
    ? { path: fetched }
    : { missing: `no ${name} on the PATH, and that of ${from} does not run here` }
}

const answers = (program: string, versionFlag: string): Promise<boolean> =>
  run(program, [versionFlag]).then(
    () => true,
    () => false,
  )

const fetchProgram = async (from: string, path: string, to: string): Promise<void> => {
  await mkdir(CACHE, { recursive: true })
  const folder = await mkdtemp(join(CACHE, 'fetching-'))
  try {
    await download(from, folder)
    const [file = ''] = (await readdir(folder)).filter((each) => each.endsWith('.deb'))
    await run('dpkg-deb', ['--extract', join(folder, file), join(folder, 'unpacked')])
    await rename(join(folder, 'unpacked', path), to)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const download = (name: string, folder: string): Promise<void> =>
  withLists(folder, (own) => run('apt-get', [...own, 'download', name], { cwd: folder }).then(() => undefined))

/** A machine that was never updated has no lists, or old ones: then new ones are read, in a folder of our own, which needs no rights. */
const withLists = async (folder: string, fetch: (options: readonly string[]) => Promise<void>): Promise<void> => {
  const options = (...each: readonly string[]): string[] => each.flatMap((option) => ['-o', option])
  const own = [`Dir::Cache=${join(folder, 'cache')}`, 'Debug::NoLocking=1']
  await mkdir(join(folder, 'cache/archives/partial'), { recursive: true })
  try {
    await fetch(options(...own))
  } catch {
    const state = join(folder, 'state')
    await mkdir(join(state, 'lists/partial'), { recursive: true })
    // What is installed is known where the machine keeps it.
    const withState = options(...own, `Dir::State=${state}`, 'Dir::State::status=/var/lib/dpkg/status')
    await run('apt-get', [...withState, 'update'], { cwd: folder })
    await fetch(withState)
  }
}

/** A package with all that it needs and that is not installed here, taken out into the folder `to`. */
export const fetchWithLibraries = async (name: string, to: string): Promise<void> => {
  await mkdir(CACHE, { recursive: true })
  const folder = await mkdtemp(join(CACHE, 'fetching-'))
  const wanted = ['install', '--download-only', '--yes', '--no-install-recommends', name]
  try {
    await withLists(folder, (own) => run('apt-get', [...own, ...wanted], { cwd: folder }).then(() => undefined))
    const archives = join(folder, 'cache/archives')
    const files = (await readdir(archives)).filter((each) => each.endsWith('.deb'))
    for (const file of files) await run('dpkg-deb', ['--extract', join(archives, file), join(folder, 'unpacked')])
    await rm(to, { recursive: true, force: true })
    await rename(join(folder, 'unpacked'), to)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
