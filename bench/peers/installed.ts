import { execFile, type ExecFileException } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../fresh.ts'
import { products } from './peer.ts'

/** A folder with packages, and the products beside them that use these. */
export interface Installed {
  readonly folder: string
  readonly product: (name: string) => string
  readonly version: (packageName: string) => string
}

const here = import.meta.dirname
const WITHIN_MS = 10 * 60_000
const LAST_LINES = 6

const run = (cwd: string, program: string, parameters: readonly string[]): Promise<string> =>
  new Promise((settle, fail) => {
    const ended = (error: ExecFileException | null, said: string, complaint: string): void => {
      if (error === null) settle(said)
      else fail(new Error(`${program} ${parameters.join(' ')}: ${lastLines(complaint) || error.message}`))
    }
    execFile(program, [...parameters], { cwd, timeout: WITHIN_MS, maxBuffer: 1 << 26 }, ended)
  })

const lastLines = (text: string): string => text.trim().split('\n').slice(-LAST_LINES).join(' ')

/** With its name. */
export const versionIn = (folder: string, name: string): string => {
  const { version } = JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')) as { readonly version: string }
  return `${name} ${version}`
}

const installedIn = (folder: string): Installed => {
  const used = join(folder, 'products')
  rmSync(used, { recursive: true, force: true })
  cpSync(products, used, { recursive: true })
  return {
    folder,
    product: (name) => join(used, `${name}.mjs`),
    version: (name) => versionIn(folder, name),
  }
}

/**
 * Refold out of its package, as `npm pack` makes it. Its dependencies are those that this checkout has installed, by links, so that nothing
 * is fetched.
 */
export const installCheckout = async (place: string): Promise<Installed> => {
  const folder = join(place, 'checkout')
  const packages = join(folder, 'node_modules')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(packages, 'refold'), { recursive: true })
  await run(root, process.execPath, ['scripts/build-code.ts', '--if-stale'])
  const packed = await run(root, 'npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder])
  await run(folder, 'tar', ['-xzf', packed.trim().split('\n').at(-1) ?? '', '-C', 'node_modules/refold', '--strip-components=1'])
  const { dependencies } = JSON.parse(readFileSync(join(packages, 'refold/package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>
  }
  for (const name of Object.keys(dependencies)) {
    mkdirSync(dirname(join(packages, name)), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(packages, name))
  }
  return installedIn(folder)
}

const MARK = 'installed.json'

/** The others, exactly as the lock file says, without what they would do while they are installed. What is there already is used again. */
export const installPeers = async (place: string, progress: (what: string) => void): Promise<Installed> => {
  const folder = join(place, 'peers')
  const mark = join(folder, MARK)
  const lock = readFileSync(join(here, 'package-lock.json'), 'utf8')
  if (!existsSync(mark) || readFileSync(mark, 'utf8') !== lock) {
    progress(`the other products are installed below ${folder} (500 MB)`)
    mkdirSync(folder, { recursive: true })
    rmSync(mark, { force: true })
    for (const file of ['package.json', 'package-lock.json']) cpSync(join(here, file), join(folder, file))
    await run(folder, 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'])
    writeFileSync(mark, lock)
  }
  return installedIn(folder)
}
