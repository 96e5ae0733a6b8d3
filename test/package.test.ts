import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { runInContext } from 'node:vm'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserBundle, openPage } from './support/browser-bundle.ts'

// The package as npm has it: built, packed and unpacked beside a program that uses it.

const root = resolve(import.meta.dirname, '..')
const place = realpathSync(mkdtempSync(join(tmpdir(), 'refold-package-')))
const reader = join(place, 'reader')
afterAll(() => {
  rmSync(place, { recursive: true, force: true })
})

const build = (): void => {
  const staged = join(place, 'staged')
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  // What is checked elsewhere is only written here.
  execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--noCheck', '--outDir', join(staged, 'dist')], { cwd: root })
  execFileSync(process.execPath, ['scripts/build-code.ts', join(staged, 'dist')], { cwd: root })
  for (const file of ['package.json', 'README.md', 'LICENSE', 'docs']) cpSync(join(root, file), join(staged, file), { recursive: true })
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', place], { cwd: staged })
}

const install = (): void => {
  const { name, version, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly name: string
    readonly version: string
    readonly dependencies: Readonly<Record<string, string>>
  }
  const packages = join(reader, 'node_modules')
  mkdirSync(join(packages, name), { recursive: true })
  execFileSync('tar', ['-xzf', join(place, `${name}-${version}.tgz`), '-C', join(packages, name), '--strip-components=1'])
  for (const each of Object.keys(dependencies)) {
    mkdirSync(dirname(join(packages, each)), { recursive: true })
    symlinkSync(join(root, 'node_modules', each), join(packages, each))
  }
  writeFileSync(join(reader, 'package.json'), '{ "type": "module" }')
}

const SPEC = `
import { defineAgentSpec, defineToolSpec, foldRun, type FoldedRun, type RunEvent } from 'refold/core'
import { z } from 'zod'
export const look = defineToolSpec({ name: 'look', description: 'Looks', effect: 'read', input: z.object({ at: z.string() }), output: z.string() })
export const guide = defineAgentSpec({ name: 'guide', version: '1', tools: [look] })
export const folded = (events: readonly RunEvent[]): FoldedRun => foldRun(events, [guide])
`

const PROGRAM = `
import { AppError, defineAgent, defineTool, type Refold } from 'refold'
import { AppError as CoreError } from 'refold/core'
import { answer, openTestRefold, scriptedModel, toolCalls, type TestRefold } from 'refold/testing'
import { folded, guide, look } from './spec.ts'

const tool = defineTool({ ...look, execute: async ({ at }) => at.toUpperCase() })
const agent = defineAgent({ spec: guide, instructions: 'Guide.', models: ['demo/one'], tools: [tool] })
const demo = scriptedModel([toolCalls([{ name: 'look', arguments: { at: 'north' } }]), answer('There.')])
const refold: TestRefold & Refold = await openTestRefold({ agents: [agent], models: { demo } })
const run = await refold.start(agent, { runId: 'one', message: 'Where?' })
const view = await refold.settle(run)
const again = folded(await refold.events('one')).view()
console.log(view.answer, JSON.stringify(again) === JSON.stringify(view), AppError === CoreError)
`

/** Prints what is loaded: before anything is asked for, and by opening a folder. */
const LOADED = `
import { registerHooks } from 'node:module'
const loaded = []
registerHooks({
  load(url, context, next) {
    const [, name] = /.*node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url) ?? []
    if (name !== undefined) loaded.push(name)
    return next(url, context)
  },
})
const count = () => ({ own: loaded.filter((name) => name === 'refold').length, others: [...new Set(loaded)].filter((name) => name !== 'refold').sort() })
const { openRefold } = await import('refold')
const imported = count()
const refold = await openRefold({ dir: 'loaded', agents: [] })
await refold.close()
console.log(JSON.stringify({ imported, opened: count() }))
`

const CONFIG = `
import { defineAgent, defineConfig } from 'refold'
import { answer, scriptedModel } from 'refold/testing'
const clerk = defineAgent({ name: 'clerk', version: '1', instructions: 'Help.', models: ['demo/one'] })
export default defineConfig({ dir: 'data', agents: [clerk], models: { demo: scriptedModel(() => answer('Hello.')) } })
`

/** `refold serve` of the package; resolves to where it listens. */
const serving = async (): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> => {
  writeFileSync(join(reader, 'refold.config.ts'), CONFIG)
  const main = join(reader, 'node_modules/refold/dist/main.js')
  const served = spawn(process.execPath, [main, 'serve', '--port', '0'], {
    cwd: reader,
    env: { ...process.env, REFOLD_DRAIN_SECONDS: '0' },
  })
  const ended = once(served, 'exit')
  const stop = async (): Promise<void> => {
    served.kill()
    await ended
  }
  let said = ''
  for await (const chunk of served.stderr) {
    said += String(chunk)
    const url = /http:[^"\s]+/.exec(said)?.[0]
    if (url !== undefined) return { url, stop }
  }
  throw new Error(`it does not serve: ${said}`)
}

const problems = (files: readonly string[], options: ts.CompilerOptions): readonly string[] => {
  const program = ts.createProgram(
    files.map((file) => join(reader, file)),
    { strict: true, exactOptionalPropertyTypes: true, noEmit: true, skipLibCheck: true, allowImportingTsExtensions: true, ...options },
  )
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))
}

describe('the packed package', { timeout: 240_000 }, () => {
  beforeAll(() => {
    build()
    install()
    writeFileSync(join(reader, 'spec.ts'), SPEC)
    writeFileSync(join(reader, 'program.ts'), PROGRAM)
  }, 240_000)

  test('runs agents, tests and the fold under Node, by its three names', () => {
    const printed = execFileSync(process.execPath, ['program.ts'], { cwd: reader, encoding: 'utf8' })
    expect(printed).toBe('There. true true\n')
  })

  test('loads a few files of its own, and no package that nobody has asked for', () => {
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', LOADED], { cwd: reader, encoding: 'utf8' })
    const { imported, opened } = JSON.parse(printed) as Record<'imported' | 'opened', { readonly own: number; readonly others: string[] }>
    expect(imported.own).toBeLessThanOrEqual(16)
    expect(imported.others).toEqual(['acorn', 'xstate', 'zod'])
    expect(opened.own).toBeLessThanOrEqual(28)
    expect(
      opened.others.filter((name) => /openai|anthropic|kafka|eventstore|grpc|^pg|elkjs|hono|prom-client|opentelemetry/.test(name)),
    ).toEqual([])
  })

  test('serves its contract and its docs, lays charts out and asks in SQL', async () => {
    const { url, stop } = await serving()
    try {
      const { charts } = (await (await fetch(`${url}/v1/charts`)).json()) as { readonly charts: readonly { readonly hash: string }[] }
      const asked = [
        ['/openapi.json', {}],
        ['/docs/errors.md', {}],
        [`/v1/charts/${charts[0]?.hash}`, {}],
        ['/v1/sql', { method: 'POST', body: '{"sql":"select 1 one"}', headers: { 'content-type': 'application/json' } }],
      ] as const
      for (const [path, options] of asked) expect([path, (await fetch(`${url}${path}`, options)).status]).toEqual([path, 200])
    } finally {
      await stop()
    }
  })

  test('has types for a program of Node, and for a page without any of Node', () => {
    const node: ts.CompilerOptions = {
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2024,
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
    }
    expect(problems(['program.ts'], node)).toEqual([])
    const page: ts.CompilerOptions = {
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      target: ts.ScriptTarget.ES2024,
      lib: ['lib.es2024.d.ts', 'lib.dom.d.ts'],
      types: [],
    }
    expect(problems(['spec.ts'], page)).toEqual([])
  })

  test('is built for a browser without a Node module', async () => {
    const bundle = await browserBundle(join(reader, 'spec.ts'), 'page', { fromSource: false })
    expect(bundle.modules.filter((id) => id.startsWith('node:'))).toEqual([])
    expect(bundle.modules.some((id) => id.endsWith('refold/dist/hash.browser.js'))).toBe(true)
    expect(runInContext('page.guide.id', openPage(bundle))).toBe('guide@1')
  })
})
