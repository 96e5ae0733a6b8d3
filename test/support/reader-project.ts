import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import ts from 'typescript'
import type { DocPage } from './doc-pages.ts'
import { stepsOf } from './doc-pages.ts'

const root = resolve(import.meta.dirname, '../..')
const CONDITION = 'refold:source'
/** A program that hangs is ended, and its page fails. */
const LONGEST_RUN_MS = 30_000
/** What a reader of the pages has installed. */
const PACKAGES = ['zod', 'xstate']

/** A project as a reader of the documentation has it: of its own, with refold installed. */
export interface ReaderProject {
  readonly dir: string
  /** Begins a file, or adds to it. */
  write(path: string, text: string): void
  run(command: string): Ran
  remove(): void
}

export interface Ran {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number | null
  readonly signal: string | null
}

export const readerProject = (): ReaderProject => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'refold-docs-')))
  mkdirSync(join(dir, 'node_modules'))
  symlinkSync(root, join(dir, 'node_modules', 'refold'))
  for (const name of PACKAGES) symlinkSync(join(root, 'node_modules', name), join(dir, 'node_modules', name))
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }')
  return {
    dir,
    write(path, text) {
      const file = join(dir, path)
      if (existsSync(file)) appendFileSync(file, `\n${text}`)
      else writeFileSync(file, text)
    },
    run(command) {
      const { stdout, stderr, status, signal } = spawnSync(process.execPath, [`--conditions=${CONDITION}`, ...parametersOf(command)], {
        cwd: dir,
        env: environment(),
        encoding: 'utf8',
        timeout: LONGEST_RUN_MS,
      })
      return { stdout, stderr, exitCode: status, signal }
    },
    remove() {
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** `node FILE …` and `npx refold …`, with words in double quotes kept together. */
const parametersOf = (command: string): string[] => {
  const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '')
  if (words[0] === 'node') return words.slice(1)
  if (words[0] === 'npx' && words[1] === 'refold') return [join(root, 'src/main.ts'), ...words.slice(2)]
  throw new Error(`expected node or npx refold, found ${command}`)
}

/** Without keys: the pages are played by scripts, and never reach a vendor. */
const environment = (): NodeJS.ProcessEnv => {
  const kept = Object.entries(process.env).filter(([name]) => !/^(OPENAI|ANTHROPIC|REFOLD|VITEST|NODE_OPTIONS)/.test(name))
  return { ...Object.fromEntries(kept), NO_COLOR: '1' }
}

/** What the compiler says about the TypeScript of these pages, as strict as in this project. */
export const typeProblems = (pages: readonly DocPage[]): readonly string[] => {
  const projects = pages.map((page) => {
    const project = readerProject()
    for (const step of stepsOf(page)) if (step.kind === 'file') project.write(step.path, step.text)
    const files = [...new Set(stepsOf(page).flatMap((step) => (step.kind === 'file' ? [join(project.dir, step.path)] : [])))]
    return { page, project, files }
  })
  try {
    const program = ts.createProgram(
      projects.flatMap(({ files }) => files),
      compilerOptions(),
    )
    return projects.flatMap(({ page, files }) =>
      files.flatMap((file) => problemsIn(program, file).map((problem) => `${page.path}: ${problem}`)),
    )
  } finally {
    for (const { project } of projects) project.remove()
  }
}

const compilerOptions = (): ts.CompilerOptions => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: { compilerOptions: object }
  }
  const { options } = ts.convertCompilerOptionsFromJson({ ...config.compilerOptions, incremental: false }, root)
  return { ...options, typeRoots: [join(root, 'node_modules/@types')], noUnusedLocals: true }
}

const problemsIn = (program: ts.Program, file: string): string[] => {
  const source = program.getSourceFile(file)
  const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
  return found.map(({ messageText, start }) => {
    const line = source === undefined || start === undefined ? 0 : source.getLineAndCharacterOfPosition(start).line + 1
    return `${file.split('/').at(-1) ?? file}:${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  })
}
