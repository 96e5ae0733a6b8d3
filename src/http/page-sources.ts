import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

/** In the folder of the built page: the SHA-256 of each file that it was built from, by its path. */
export const PAGE_SOURCES = 'sources.json'

/** Whether the page in `folder` is there, and was built from the files below `root` as they are. */
export const isBuiltFrom = (folder: string, root: string): boolean => {
  try {
    const sources = JSON.parse(readFileSync(resolve(folder, PAGE_SOURCES), 'utf8')) as Readonly<Record<string, string>>
    return Object.entries(sources).every(([path, sha256]) => hashOf(resolve(root, path)) === sha256)
  } catch {
    return false
  }
}

/** Whether the sources of the page lie there: a package holds what was built alone. */
export const hasSources = (root: string): boolean => existsSync(resolve(root, 'page/index.html'))

const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')
