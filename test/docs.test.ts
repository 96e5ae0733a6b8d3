import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { invariantList } from '../scripts/invariants.ts'
import { addCommands } from '../src/cli/commands/all-commands.ts'
import { runIntents } from '../src/machines/intents.ts'
import { defaultFailurePolicy } from '../src/machines/model-failure-policy.ts'
import { docPages, pageAt, proseOf, stepsOf, type DocPage } from './support/doc-pages.ts'
import { readerProject, typeProblems, type ReaderProject } from './support/reader-project.ts'

const root = resolve(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(resolve(root, path), 'utf8')

const pages = docPages()
const GENERATED = new Set(['docs/events.md', 'docs/api.md'])
const written = pages.filter(({ path }) => !GENERATED.has(path))
/** Its one example shows how to handle an error of whatever call. */
const SKETCHED = new Set(['docs/errors.md'])
const executed = written.filter((page) => !SKETCHED.has(page.path) && page.fences.some(({ info }) => /^(ts|sh run)/.test(info)))

/** A line of a page that stands for what differs each time holds an ellipsis there, and one that is nothing else stands for any lines; a column is as wide as what stands in it. */
const matches = (printed: string, expected: string): boolean => {
  const escaped = expected
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replace(/^…(?:\n|$)/gm, '[^]*')
    .replaceAll('…', '.*')
    .replaceAll(/ {2,}/g, ' {2,}')
  return new RegExp(`^${escaped}$`).test(printed)
}

const follow = (project: ReaderProject, page: DocPage): void => {
  for (const step of stepsOf(page)) {
    if (step.kind === 'file') {
      project.write(step.path, step.text)
      continue
    }
    const ran = step.commands.map((command) => project.run(command))
    const last = ran.at(-1)
    if (step.dies) expect(last?.signal, step.commands.join()).toBe('SIGKILL')
    else
      expect(
        ran.map(({ exitCode, stderr }) => (exitCode === step.exits ? step.exits : stderr)),
        step.commands.join(),
      ).toEqual(ran.map(() => step.exits))
    if (step.prints === undefined) continue
    const printed = ran
      .map(({ stdout }) => stdout)
      .join('')
      .trimEnd()
    const expected = step.prints.trimEnd()
    expect(matches(printed, expected) ? expected : printed).toBe(expected)
  }
}

describe('the documentation', () => {
  test.each(executed.map((page) => [page.path, page] as const))(
    '%s does and prints what it says',
    (_, page) => {
      const project = readerProject()
      try {
        follow(project, page)
      } finally {
        project.remove()
      }
    },
    60_000,
  )

  test('holds no TypeScript that the compiler refuses', () => {
    expect(typeProblems(executed)).toEqual([])
  }, 60_000)

  test('leads to files and headings that exist', () => {
    expect(pages.flatMap(brokenLinks)).toEqual([])
  })

  test('names files that exist', () => {
    const named = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/`((?:src|test|scripts|examples|bench|simulation|docs|schemas)\/[\w./-]*\w\/?)`/g)].map(([, file = '']) => ({
        path,
        file,
      })),
    )
    expect(named.filter(({ file }) => !existsSync(resolve(root, file)))).toEqual([])
  })

  test('names npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const named = pages.flatMap(({ path, text }) => [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, script = '']) => ({ path, script })))
    expect(named.filter(({ script }) => scripts[script] === undefined)).toEqual([])
  })

  test('names commands of refold that exist', () => {
    const help = spawnSync(process.execPath, ['--conditions=refold:source', 'src/main.ts', '--help'], {
      cwd: root,
      encoding: 'utf8',
    }).stdout
    const commands = new Set([...help.matchAll(/^ {2}([a-z-]+(?:\|[a-z-]+)?)(?= |$)/gm)].flatMap(([, names = '']) => names.split('|')))
    const named = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/(?:`|npx )refold ([a-z][a-z-]*)/g)].map(([, command = '']) => ({ path, command })),
    )
    expect(named.length).toBeGreaterThan(0)
    expect(named.filter(({ command }) => !commands.has(command))).toEqual([])
  })

  test('gives commands of refold options that they have', () => {
    const program = new Command()
    addCommands(program, () => {
      throw new Error('expected nothing to be run')
    })
    const flagsOf = ({ options, commands }: Command): (string | undefined)[] => [
      ...options.flatMap(({ long, short }) => [long, short]),
      ...commands.flatMap(flagsOf),
    ]
    const flags = new Map(
      program.commands.flatMap((command) => [command.name(), ...command.aliases()].map((name) => [name, new Set(flagsOf(command))])),
    )
    const used = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/(?:`|^|npx )refold ([a-z-]+)((?: [^`\n]*)?)/gm)].flatMap(([, command = '', words = '']) =>
        [...words.matchAll(/ (--[a-z][a-z-]*|-[a-zA-Z])(?=[ =,]|$)/gm)].map(([, flag = '']) => ({ path, command, flag })),
      ),
    )
    expect(used.length).toBeGreaterThan(0)
    const everywhere = ['--config', '--json', '--help']
    expect(used.filter(({ command, flag }) => flags.get(command)?.has(flag) === false && !everywhere.includes(flag))).toEqual([])
  })

  test('cites tests that exist', () => {
    const cited = pages.flatMap(({ text }) =>
      [...text.matchAll(/\[“([^”]+)”\]\(([^)]*test\/[^)]+\.ts)\)/g)].map(([, title = '', link = '']) => ({
        title,
        file: link.replace(/^(\.\.\/)+/, ''),
      })),
    )
    expect(cited.length).toBeGreaterThan(0)
    expect(cited.filter(({ title, file }) => !read(file).includes(title.replaceAll("'", "\\'")) && !read(file).includes(title))).toEqual([])
  })

  test.each([
    ['the folders and charts', 'scripts/diagram.ts'],
    ['the events', 'scripts/events-page.ts'],
    ['the views', 'scripts/views-page.ts'],
    ['what the package exports', 'scripts/api-page.ts'],
  ])(
    'shows %s as they are',
    (_, script) => {
      const checked = spawnSync(process.execPath, ['--conditions=refold:source', script, '--check'], { cwd: root, encoding: 'utf8' })
      expect(checked.stderr).toBe('')
      expect(checked.status).toBe(0)
    },
    60_000,
  )
})

describe('the architecture', () => {
  test('shows src as it is', () => {
    const tree = pageAt('docs/architecture.md').fences.find(({ info }) => info === 'text tree')?.text ?? ''
    const shown = [...tree.matchAll(/^ {2}(\S.*?)(?: {3}|$)/gm)].flatMap(([, names = '']) => names.trim().split('  '))
    expect(shown.map((name) => name.replace(/\/$/, '')).sort()).toEqual(readdirSync(resolve(root, 'src')).sort())
    const rooms = [...tree.matchAll(/^ {4}(\w+)\/ {3}/gm)].map(([, room]) => room)
    expect(rooms.sort()).toEqual(foldersIn('src/runtime'))
  })

  test('has a name of its own for each invariant', () => {
    const head = '// What it keeps.\n//\n//   RUN1. It is kept.\n'
    const sources = new Map([
      ['one.ts', head],
      ['other.ts', head],
    ])
    expect(() => invariantList(sources)).toThrow('expected one invariant RUN1, found two, in one.ts and in other.ts')
  })
})

const foldersIn = (path: string): string[] =>
  readdirSync(resolve(root, path), { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
    .sort()

describe('the page about models', () => {
  test('has the failure policy as it is', () => {
    const seconds = (ms: number): string => `${String(ms / 1000)} s`
    const rows = Object.entries(defaultFailurePolicy).map(([name, { attempts, baseDelayMs, maxDelayMs, then, forMs }]) =>
      [
        `\`${name}\``,
        attempts,
        forMs === undefined ? '' : `${String(forMs / 60_000)} min`,
        ...(attempts === 1 ? ['', ''] : [seconds(baseDelayMs), seconds(maxDelayMs)]),
        then === 'nextModel' ? 'next model' : 'a person',
      ].join('|'),
    )
    expect(rowsOf('docs/models.md', 'First wait up to')).toEqual(rows)
  })
})

describe('the page about charts', () => {
  const names = (path: string, inside: RegExp): string[] =>
    [...(inside.exec(read(path))?.[1] ?? '').matchAll(/^ {2}'?(\w+)'?[:,]/gm)].map(([, name = '']) => name)

  test('explains every rule of the validator', () => {
    const rules = names('src/statechart/chart-problem.ts', /const EXPECTED = \{([^]*?)^\}/m)
    expect(rowsOf('docs/charts.md', 'A chart is refused for').map((row) => row.split('|')[0])).toEqual(rules.map((rule) => `\`${rule}\``))
  })

  test('names every intent that a chart may ask for', () => {
    const cells = rowsOf('docs/charts.md', 'It asks for').map((row) => row.split('|')[0] ?? '')
    expect(cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name)).sort()).toEqual([...runIntents].sort())
  })
})

describe('the page about operations', () => {
  const { text } = pageAt('docs/operations.md')

  test('names every variable of the environment', () => {
    const variables = [...read('src/config.ts').matchAll(/^ {2}([A-Z][A-Z_]+): \w/gm)].map(([, name = '']) => name)
    expect(variables).toContain('REFOLD_LOG_LEVEL')
    expect(variables.filter((name) => !text.includes(`\`${name}\``))).toEqual([])
  })

  test('explains every check of the doctor', () => {
    const checks = [...(/check:([^]+?)readonly/.exec(read('src/cli/doctor/findings.ts'))?.[1] ?? '').matchAll(/'(\w+)'/g)].map(
      ([, name]) => name,
    )
    const cells = rowsOf('docs/operations.md', 'check').map((row) => row.split('|')[0] ?? '')
    expect(cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name))).toEqual(checks)
  })
})

describe('the readme', () => {
  test('names the commands that a newcomer and the continuous integration run', () => {
    const readme = pageAt('README.md').text
    expect(readme).toContain('npm ci && npm start')
    expect(readme).toContain('npm ci && npm test')
  })

  test('is one page', () => {
    expect(read('README.md').split('\n').length).toBeLessThanOrEqual(150)
  })
})

describe('the decisions', () => {
  test('give a reason for each dependency', () => {
    const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<
      'dependencies' | 'devDependencies',
      Record<string, string>
    >
    const page = pageAt('docs/decisions/0012-dependencies.md').text
    expect(Object.keys({ ...dependencies, ...devDependencies }).filter((name) => !page.includes(`\`${name}\``))).toEqual([])
  })

  const records = pages.filter(({ path }) => path.startsWith('docs/decisions/'))

  test('are numbered without a gap', () => {
    expect(records.map(({ path }) => Number(/\/(\d{4})-/.exec(path)?.[1]))).toEqual(records.map((_, index) => index + 1))
  })

  test('give context, choice and price on a page at most', () => {
    const headings = records.map(({ text }) => [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading))
    expect(headings).toEqual(records.map(() => ['Context', 'Choice', 'What we gave up']))
    expect(records.filter(({ text }) => text.split('\n').length > 60).map(({ path }) => path)).toEqual([])
  })
})

/** The rows of the table with this heading, their cells joined by `|`. */
const rowsOf = (path: string, heading: string): string[] => {
  const lines = pageAt(path).text.split('\n')
  const first = lines.findIndex((line) => line.startsWith('|') && line.includes(heading)) + 2
  const length = lines.slice(first).findIndex((line) => !line.startsWith('|'))
  return lines.slice(first, first + length).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
      .join('|'),
  )
}

const brokenLinks = (page: DocPage): string[] =>
  [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^(https?:|mailto:)/.test(link))
    .filter((link) => !leadsSomewhere(page.path, link))
    .map((link) => `${page.path}: ${link}`)

const leadsSomewhere = (from: string, link: string): boolean => {
  const [file = '', anchor] = link.split('#')
  const target = file === '' ? from : join(dirname(from), file)
  if (!existsSync(resolve(root, target))) return false
  return anchor === undefined || anchorsOf(read(target)).includes(anchor)
}

/** As GitHub makes them of headings: one that is there already is numbered. */
const anchorsOf = (text: string): string[] => {
  const times = new Map<string, number>()
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-')
    const before = times.get(slug) ?? 0
    times.set(slug, before + 1)
    return before === 0 ? slug : `${slug}-${before}`
  })
}
