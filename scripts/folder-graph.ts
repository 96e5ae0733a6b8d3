import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const PROGRAM = 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs'

interface Cruised {
  readonly modules: readonly { readonly source: string; readonly dependencies: readonly { readonly resolved: string }[] }[]
}

/** Which folders (and files at the top) of `src` each of them imports from, as dependency-cruiser finds it. */
export type FolderGraph = ReadonlyMap<string, ReadonlySet<string>>

export const folderGraph = (): FolderGraph => {
  const { stdout, stderr } = spawnSync(process.execPath, [PROGRAM, 'src', '--output-type', 'json'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  })
  if (stdout === '') throw new Error(`expected JSON from dependency-cruiser, found ${stderr}`)
  const graph = new Map<string, Set<string>>()
  for (const { source, dependencies } of (JSON.parse(stdout) as Cruised).modules) {
    const from = folderOf(source)
    if (from === undefined) continue
    const reached = graph.get(from) ?? new Set<string>()
    for (const { resolved } of dependencies) {
      const to = folderOf(resolved)
      if (to !== undefined && to !== from) reached.add(to)
    }
    graph.set(from, reached)
  }
  return graph
}

const folderOf = (path: string): string | undefined => /^src\/([^/]+)/.exec(path)?.[1]

/** The same without what everybody may import, and without arrows that other arrows imply. */
export const mainArrows = (graph: FolderGraph, shared: ReadonlySet<string>): readonly (readonly [from: string, to: string])[] => {
  const targets = (from: string): string[] => [...(graph.get(from) ?? [])].filter((to) => !shared.has(to)).sort()
  const reaches = (from: string, to: string, seen: Set<string>): boolean =>
    targets(from).some((next) => next === to || (!seen.has(next) && reaches(next, to, seen.add(next))))
  return [...graph.keys()]
    .filter((from) => !shared.has(from))
    .sort()
    .flatMap((from) =>
      targets(from)
        .filter((to) => !targets(from).some((other) => other !== to && reaches(other, to, new Set([from]))))
        .map((to) => [from, to] as const),
    )
}
