// All that can be known without running the product. One line for each step; the output of a step only where it failed.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, resolve } from 'node:path'

interface Step {
  readonly name: string
  readonly command: readonly [program: string, ...parameters: string[]]
}

interface Outcome {
  readonly exitCode: number
  readonly output: string
}

/** TypeScript 7. Not by the name `tsc`, which may be that of TypeScript 6: the linter and the API page need its library. */
const tsc = (...parameters: readonly string[]): readonly [string, ...string[]] => [
  'node',
  'node_modules/typescript-native/bin/tsc',
  '--noEmit',
  '--pretty',
  'false',
  ...parameters,
]
const STEPS_AT_ONCE = 2
const SCHEMA_SCRIPT = 'scripts/schemas.ts'

// The slowest first, so that the short ones fill the gap at the end.
const steps: readonly Step[] = [
  { name: 'prettier', command: ['prettier', '--check', '.', '--log-level', 'warn', '--cache'] },
  { name: 'eslint', command: ['eslint', '.', '--max-warnings', '0', '--cache', '--cache-location', 'node_modules/.cache/eslint/'] },
  { name: 'oxlint', command: ['oxlint', '--format', 'unix'] },
  { name: 'tsc', command: tsc() },
  { name: 'tsc page', command: tsc('-p', 'page') },
  { name: 'dependencies', command: ['depcruise', 'src', 'page', 'test', 'servers', 'simulation', 'chaos', 'scripts', 'examples', 'bench'] },
  { name: 'knip', command: ['knip', '--no-progress'] },
  { name: 'schemas', command: ['node', '--conditions=refold:source', SCHEMA_SCRIPT, '--check'] },
  { name: 'commands', command: ['node', '--conditions=refold:source', 'scripts/command-schemas.ts', '--check'] },
  { name: 'openapi', command: ['node', '--conditions=refold:source', 'scripts/openapi.ts', '--check'] },
]

const root = resolve(import.meta.dirname, '..')
// The project's own Node and tools come first, also where this script was not started by npm.
const environment = { ...process.env, PATH: `${resolve(root, 'node_modules/.bin')}${delimiter}${process.env['PATH'] ?? ''}` }

const run = ({ command: [program, ...parameters] }: Step): Promise<Outcome> =>
  new Promise((settle) => {
    const child = spawn(program, parameters, { cwd: root, env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const collect = (chunk: Buffer): void => {
      output += chunk.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', (error) => {
      settle({ exitCode: 1, output: error.message })
    })
    child.on('close', (code) => {
      settle({ exitCode: code ?? 1, output })
    })
  })

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`

const runAndReport = async (step: Step): Promise<boolean> => {
  const begin = performance.now()
  const { exitCode, output } = await run(step)
  const passed = exitCode === 0
  console.log(`${passed ? 'ok  ' : 'FAIL'}  ${step.name.padEnd(12)}  ${seconds(begin).padStart(6)}`)
  if (!passed) console.log(`${output.trimEnd()}\n`)
  return passed
}

const begin = performance.now()
const waiting = steps.filter(({ name }) => name !== 'schemas' || existsSync(resolve(root, SCHEMA_SCRIPT)))
const failed: string[] = []
const worker = async (): Promise<void> => {
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
    if (!(await runAndReport(step))) failed.push(step.name)
  }
}
await Promise.all(Array.from({ length: STEPS_AT_ONCE }, worker))

console.log(`check: ${failed.length === 0 ? 'all passed' : `${failed.join(', ')} failed`} in ${seconds(begin)}`)
process.exitCode = failed.length === 0 ? 0 : 1
