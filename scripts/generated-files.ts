import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')

/** Path from the root of the project, and what the code says the file has to hold. */
export type GeneratedFiles = ReadonlyMap<string, string>

const present = (path: string): string | undefined => {
  try {
    return readFileSync(resolve(root, path), 'utf8')
  } catch {
    return undefined
  }
}

/** Writes what is not current; with `--check` it only says so, and the process ends with 1. `command` is what brings it up to date. */
export const writeOrCheck = (files: GeneratedFiles, command: string): void => {
  const stale = [...files].filter(([path, text]) => present(path) !== text)
  if (process.argv.includes('--check')) {
    for (const [path] of stale) console.error(`${relative(root, resolve(root, path))} is not what the code says: ${command}`)
    process.exitCode = stale.length > 0 ? 1 : 0
    return
  }
  for (const [path, text] of stale) {
    mkdirSync(dirname(resolve(root, path)), { recursive: true })
    writeFileSync(resolve(root, path), text)
  }
  console.log(`${files.size} files, ${stale.length} of them written`)
}

/** The text of a page with what stands between the markers of this name replaced. Throws where the page has no such markers. */
export const withGenerated = (page: string, name: string, text: string): string => {
  const begin = `<!-- generated: ${name} -->`
  const end = `<!-- end of generated: ${name} -->`
  const [before, rest] = page.split(begin)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) throw new Error(`expected ${begin} and ${end} in the page`)
  return `${before}${begin}\n\n${text.trimEnd()}\n\n${end}${after}`
}
