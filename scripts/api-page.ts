// Writes docs/api.md from the declarations that the package exports and their docstrings. With --check it only says whether the page is current.
import { readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { writeOrCheck } from './generated-files.ts'
import { publicDeclarations, type PublicDeclaration } from './public-declarations.ts'

const root = resolve(import.meta.dirname, '..')
const PAGE = 'docs/api.md'

interface Group {
  readonly title: string
  readonly about: string
  /** How the paths of its files begin, from `src`. */
  readonly files: readonly string[]
}

/** A declaration belongs to the first group that has its file. */
const groups: readonly Group[] = [
  {
    title: 'Opening',
    about:
      'How a process begins, and the configuration of the command line. [Getting started](getting-started.md), [operations](operations.md).',
    files: ['open', 'cli/', 'http/', 'runtime/refold.ts', 'runtime/code/', 'consumers/retention.ts', 'eventlog/timed-log.ts'],
  },
  {
    title: 'Agents',
    about: 'What an agent is. [Charts](charts.md), [versions](versions.md), [guardrails and limits](guardrails-and-limits.md).',
    files: [
      'runtime/agent.ts',
      'runtime/model-settings.ts',
      'fold/agent-spec.ts',
      'fold/limits.ts',
      'machines/model-failure-policy.ts',
      'guardrails/',
    ],
  },
  { title: 'Tools', about: 'What an agent may do. [Tools](tools.md).', files: ['tools/'] },
  {
    title: 'Context and projections',
    about: 'What code may know of its run. [The context of a run](context.md), [state and identity](state.md).',
    files: ['projections/', 'runtime/run-context.ts'],
  },
  {
    title: 'Runs',
    about: 'What can be asked of a run, and what it is. [State and identity](state.md).',
    files: ['runtime/', 'fold/'],
  },
  { title: 'Charts', about: 'What a chart of your own asks for, and is told. [Charts](charts.md).', files: ['machines/', 'statechart/'] },
  { title: 'Models', about: 'Providers, scripts and prices. [Models](models.md).', files: ['models/'] },
  { title: 'Events', about: 'What is stored. [All events](events.md).', files: ['events/'] },
  { title: 'Views', about: 'Queries over all runs. [Views](views.md).', files: ['views/', 'consumers/'] },
  {
    title: 'For tests',
    about: 'Stores in memory, a clock that is moved by hand.',
    files: ['testing', 'eventlog/', 'clock.ts', 'blobs/', 'snapshots/'],
  },
  { title: 'Datasets and evals', about: 'Cases, scorers, and what an eval is. [Evals](evals.md).', files: ['evals/'] },
  { title: 'Errors and JSON', about: 'What is thrown, and what can be recorded. [Errors](errors.md).', files: [''] },
]

const groupOf = ({ file }: PublicDeclaration): Group | undefined =>
  groups.find(({ files }) => files.some((beginning) => relative(resolve(root, 'src'), file).startsWith(beginning)))

const { exports } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, { readonly 'refold:source': string }>>
}
const entries = Object.entries(exports).map(([path, { 'refold:source': file }]) => ({
  name: path.replace(/^\./, 'refold'),
  declarations: publicDeclarations(resolve(root, file)),
}))

/** Of all entries, each once. */
const all = [
  ...new Map(entries.flatMap(({ declarations }) => declarations.map((one) => [`${one.file} ${one.name}`, one] as const))).values(),
]

/** What is called first, then types; each by its name. */
const inOrder = (declarations: readonly PublicDeclaration[]): PublicDeclaration[] =>
  declarations.toSorted((a, b) => Number(b.kind === 'value') - Number(a.kind === 'value') || a.name.localeCompare(b.name, 'en'))

const grouped = groups
  .map((group) => ({ ...group, declarations: inOrder(all.filter((one) => groupOf(one) === group)) }))
  .filter(({ declarations }) => declarations.length > 0)

/** As GitHub makes them: headings that differ in case alone are numbered in their order. */
const anchors = new Map<string, string>()
const timesSeen = new Map<string, number>()
for (const heading of ['API', ...grouped.flatMap(({ title, declarations }) => [title, ...declarations.map(({ name }) => `\`${name}\``)])]) {
  const slug = heading.toLowerCase().replaceAll('`', '').replaceAll(' ', '-')
  const before = timesSeen.get(slug) ?? 0
  timesSeen.set(slug, before + 1)
  anchors.set(heading, before === 0 ? slug : `${slug}-${before}`)
}

const linkTo = (heading: string): string => `[${heading}](#${anchors.get(heading) ?? ''})`

const names = new Set(all.map(({ name }) => name))

const mentioned = ({ name, text }: PublicDeclaration): string[] =>
  [...new Set(text.replaceAll(/\/\*\*.*?\*\//gs, '').match(/\b[A-Za-z]\w+\b/g) ?? [])]
    .filter((word) => word !== name && names.has(word))
    .sort()

const from = (declaration: PublicDeclaration): string => {
  const within = entries.filter(({ declarations }) =>
    declarations.some(({ file, name }) => file === declaration.file && name === declaration.name),
  )
  const only = within.map(({ name }) => `\`${name}\``)
  return only.length === 1 && only[0] === '`refold`' ? '' : `From ${only.join(' and ')}. `
}

const section = (declaration: PublicDeclaration): string[] => {
  const uses = mentioned(declaration)
  const foot = `${from(declaration)}${uses.length === 0 ? '' : `See ${uses.map((word) => linkTo(`\`${word}\``)).join(', ')}.`}`.trim()
  return [`### \`${declaration.name}\``, '', declaration.docstring, '', '```ts', declaration.text, '```', '', foot, '']
}

const page = [
  '# API',
  '',
  'Written by `npm run docs:api` from the declarations that the package exports and the words beside them; a test compares.',
  `Everything is imported by name: ${entries.map(({ name }) => `\`${name}\``).join(', ')}. What has no note comes from \`refold\`.`,
  'Methods reject and functions throw with [`AppError`](#apperror) alone; each code is explained under [errors](errors.md).',
  '',
  ...grouped.flatMap(({ title, declarations }) => [
    `- **${linkTo(title)}**: ${declarations.map(({ name }) => linkTo(`\`${name}\``)).join(', ')}`,
  ]),
  '',
  ...grouped.flatMap(({ title, about, declarations }) => [`## ${title}`, '', about, '', ...declarations.flatMap(section)]),
].join('\n')

const config = await resolveConfig(resolve(root, PAGE))
writeOrCheck(new Map([[PAGE, await format(page, { ...config, filepath: PAGE })]]), 'run npm run docs:api')
