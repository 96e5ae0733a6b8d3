import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runInThisContext } from 'node:vm'
import ts from 'typescript'
import { describe, expect, onTestFinished, test } from 'vitest'
import { assign, raise, setup, type AnyStateMachine } from 'xstate'
import { tripChart } from '../../../simulation/trip-chart.ts'
import { canonicalJson } from '../../../src/json.ts'
import { agentRun } from '../../../src/machines/agent-run.ts'
import { toolCall } from '../../../src/machines/tool-call.ts'
import { codeHash } from '../../../src/statechart/code-hash.ts'
import { functionSyntax } from '../../../src/statechart/function-syntax.ts'
import { sampleChart } from './sample-code/chart.ts'

const root = join(import.meta.dirname, '../../..')
const hasher = pathToFileURL(join(root, 'src/statechart/code-hash.ts')).href

/** What another process says of a chart that it imports. */
const hashIn = (file: string, name: string): string => {
  const code = `const { codeHash } = await import('${hasher}'); const { ${name}: chart } = await import('${pathToFileURL(file).href}'); console.log(codeHash(chart))`
  return execFileSync(process.execPath, ['--input-type=module', '--conditions=refold:source', '-e', code], {
    cwd: root,
    encoding: 'utf8',
  }).trim()
}

/** A file of this project as tsc builds it, its imports still found. */
const built = (file: string, module: ts.ModuleKind): string => {
  const cache = join(root, 'node_modules/.cache')
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'built-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true })
  })
  const compile = (source: string, target: string): void => {
    const text = readFileSync(source, 'utf8').replaceAll(/from '(\.[^']*\/)([^'/]+)\.ts'/g, (_, path: string, name: string) => {
      compile(join(source, '..', path, `${name}.ts`), join(folder, `${name}.${ending}`))
      return `from './${name}.${ending}'`
    })
    const compilerOptions = { module, target: ts.ScriptTarget.ES2024, removeComments: true, esModuleInterop: true }
    writeFileSync(target, ts.transpileModule(text, { compilerOptions, fileName: source }).outputText)
  }
  const ending = module === ts.ModuleKind.CommonJS ? 'cjs' : 'mjs'
  const target = join(folder, `chart.${ending}`)
  compile(file, target)
  return target
}

const sampleFile = join(import.meta.dirname, 'sample-code/chart.ts')

describe('the hash of the code of a chart', () => {
  test.for<[string, AnyStateMachine, string]>([
    ['sampleChart', sampleChart, 'test/unit/statechart/sample-code/chart.ts'],
    ['tripChart', tripChart, 'simulation/trip-chart.ts'],
    ['agentRun', agentRun, 'src/machines/agent-run.ts'],
    ['toolCall', toolCall, 'src/machines/tool-call.ts'],
  ])('is the same for source that Node strips of its types and for a test runner: %s', ([name, chart, file]) => {
    expect(hashIn(join(root, file), name)).toBe(codeHash(chart))
  })

  test.for([ts.ModuleKind.ESNext, ts.ModuleKind.CommonJS])('is the same for what tsc builds, as module kind %i', (module) => {
    expect(hashIn(built(sampleFile, module), 'sampleChart')).toBe(codeHash(sampleChart))
  })
})

const chartOf = (parts: { readonly guard?: unknown; readonly entry?: unknown; readonly delay?: unknown; readonly context?: unknown }) =>
  codeHash(
    setup({
      guards: { isIt: (parts.guard ?? (() => true)) as () => boolean },
      delays: { later: (parts.delay ?? 5) as number },
    }).createMachine({
      id: 'one',
      context: (parts.context ?? {}) as object,
      initial: 'a',
      states: { a: { entry: (parts.entry ?? []) as [], always: { guard: 'isIt', target: 'b' }, after: { later: 'b' } }, b: {} },
    }) as unknown as AnyStateMachine,
  )

describe('a chart has other code', () => {
  test.for<[string, Parameters<typeof chartOf>[0], Parameters<typeof chartOf>[0]]>([
    ['a constant in a guard', { guard: (n: number) => n < 100 }, { guard: (n: number) => n < 1_000 }],
    ['an operator', { guard: (n: number) => n < 100 }, { guard: (n: number) => n <= 100 }],
    ['a property', { guard: (x: { a: 1; b: 1 }) => x.a }, { guard: (x: { a: 1; b: 1 }) => x.b }],
    ['the function that is called', { guard: (n: number) => Math.max(n, 1) }, { guard: (n: number) => Math.min(n, 1) }],
    ['a text', { guard: () => 'yes' }, { guard: () => 'Yes' }],
    ['a number for a text', { guard: () => 1 }, { guard: () => '1' }],
    ['two parameters that change places', { guard: (a: number, b: number) => a - b }, { guard: (a: number, b: number) => b - a }],
    ['an optional access', { guard: (x?: { a: 1 }) => x?.a }, { guard: (x: { a: 1 }) => x.a }],
    ['a key that is destructured', { guard: ({ a }: { a: 1 }) => a }, { guard: ({ b: a }: { b: 1 }) => a }],
    ['a default', { guard: (a = 1) => a }, { guard: (a = 2) => a }],
    ['a regular expression', { guard: () => /a/.test('a') }, { guard: () => /a/i.test('a') }],
    ['the end of a template', { guard: (a: string) => `${a}!` }, { guard: (a: string) => `${a}?` }],
    [
      'one statement more',
      { guard: (x: { n: number }) => x.n },
      {
        guard: (x: { n: number }) => {
          x.n += 1
          return x.n
        },
      },
    ],
    ['a function of assign', { entry: [assign({ a: () => 1 })] }, { entry: [assign({ a: () => 2 })] }],
    ['a value of assign', { entry: [assign({ a: 1 } as never)] }, { entry: [assign({ a: 2 } as never)] }],
    ['the key of assign', { entry: [assign({ a: () => 1 })] }, { entry: [assign({ b: () => 1 })] }],
    ['params of an action', { entry: [{ type: 'go', params: () => ({ n: 1 }) }] }, { entry: [{ type: 'go', params: () => ({ n: 2 }) }] }],
    ['an event that is raised', { entry: [raise({ type: 'A', n: 1 } as never)] }, { entry: [raise({ type: 'A', n: 2 } as never)] }],
    ['a delay', { delay: 5 }, { delay: 6 }],
    ['the function of a delay', { delay: () => 5 }, { delay: () => 6 }],
    ['what it begins with', { context: { n: 1 } }, { context: { n: 2 } }],
    ['how it begins', { context: () => ({ n: 1 }) }, { context: () => ({ n: 2 }) }],
    ['what is nothing yet', { context: { n: null } }, { context: { n: 0 } }],
    ['a number that is no text', { guard: () => 1n }, { guard: () => '1n' }],
  ])('where %s differs', ([_, before, after]) => {
    expect(chartOf(after)).not.toBe(chartOf(before))
    expect(chartOf(before)).toBe(chartOf(before))
  })
})

/** A function from its text, as any build may have left it. */
const from = (text: string): unknown => functionSyntax(runInThisContext(`(${text})`) as () => unknown)
const member = (text: string): unknown => functionSyntax(runInThisContext(`({ ${text} }).it`) as () => unknown)

describe('a function is another', () => {
  test.for([
    ['what a statement does', '(x) => { x.n += 1; return x }', '(x) => { x.n += 2; return x }'],
    ['a counter of its own', '(x) => { x.n++; return x }', '(x) => { return x }'],
    ['a counter that a function gives', '(f) => { f().n++; return f }', '(f) => { return f }'],
    ['a step of a sequence', '(x) => (x.a(), x.b(), x)', '(x) => (x.a(), x.c(), x)'],
    ['a counter named almost like one of coverage', '(x) => { discov_1().n++; return x }', '(x) => { return x }'],
    ['an optional call', '(f) => f?.()', '(f) => f()'],
    ['an optional call within one', '(x) => x?.f?.()', '(x) => x?.f()'],
    ['an optional access within one', '(x) => x?.a?.b', '(x) => x?.a.b'],
    ['a member that is computed', '(x, a) => x[a]', '(x, a) => x.a'],
    ['what a member is computed from', '(x, a, b) => [a, b, x[a]]', '(x, a, b) => [a, b, x[b]]'],
    ['a private member', '() => class { #a = 1; a = 2; it() { return this.#a } }', '() => class { #a = 1; a = 2; it() { return this.a } }'],
    ['a sign', '() => -1', '() => +1'],
    ['a result that is thrown away', '(f) => void f()', '(f) => undefined'],
    ['a hole', '() => [, 1]', '() => [1]'],
    ['a bigint', '() => 1n', '() => 2n'],
    ['a number that JSON does not carry', '() => 1e999', '() => 1e308'],
    ['the text that a tag reads', '() => String.raw`\\d`', '() => String.raw`d`'],
    ['what a tag is given', '(a, b) => [a, b, String.raw`${a}`]', '(a, b) => [a, b, String.raw`${b}`]'],
    ['a table by the name of a year', '() => rates_2024.high', '() => rates_2025.high'],
    ['a table that is no import', '(key) => table_1[key]', '(key) => key'],
    ['a name from outside that a function within has too', '(n) => [low, ((low) => low)(n)]', '(n) => [high, ((high) => high)(n)]'],
  ])('where %s differs', ([_, before, after]) => {
    expect(canonicalJson(from(after!))).not.toBe(canonicalJson(from(before!)))
  })
})

describe('the same code', () => {
  test.for([
    ['layout and comments', '(a, b) => a + b', '(a,b)=>{ /* sum */ return (a + b); }'],
    ['local names', '({ context: { n } }) => { const half = n / 2; return half }', '({context:{n:r}})=>{const e=r/2;return e}'],
    ['quotes and numbers', "() => ['a', 1_000, `b`]", '() => ["a", 1000, "b"]'],
    ['shorthand', '(n) => ({ n })', '(n) => ({ "n": n })'],
    ['members in brackets', '(x) => x.a', "(x) => x['a']"],
    ['braces', '(n) => { if (n) return 1; else return 2 }', '(n) => { if (n) { return 1 } else { return 2 } }'],
    ['undefined', '() => undefined', '() => void 0'],
    ['imports of tsc', '(n) => limit(n) + LARGEST', '(n) => (0, limits_1.limit)(n) + limits_1.LARGEST'],
    ['imports of tsc, many', '(n) => n < LARGEST', '(n) => n < limits_12.LARGEST'],
    ['imports of test runners, many', '() => [low, high]', '() => [__vi_import_10__.low, __vite_ssr_import_11__.high]'],
    ['imports of a test runner', '(n) => ({ n: limit(n) })', '(n) => ({ n: (0,__vi_import_0__.limit)(n) })'],
    ['exports of the file itself', '(n) => n < LARGEST', '(n) => n < exports.LARGEST'],
    ['names kept by a bundler', '() => { const f = () => 1; return f() }', '() => { const f = __name(() => 1, "f"); return f() }'],
    [
      'counters of coverage',
      '(n) => n ? 1 : 2',
      '(n) => { cov_1a().f[0]++; cov_1a().s[1]++; return n ? (cov_1a().b[0][0]++, 1) : (cov_1a().b[0][1]++, 2) }',
    ],
    ['a local name like one of an import', '(it_1) => it_1.limit', '(a) => a.limit'],
    ['a directive', '(n) => { return n }', '(n) => { "use strict"; return n }'],
    ['a named function', 'function (n) { return n }', 'function it(n) { return n }'],
    ['names of patterns', '([a, ...b]) => a + b.length', '([c, ...d]) => c + d.length'],
    [
      'name of what was thrown',
      '() => { try { return 1 } catch (error) { return error } }',
      '() => { try { return 1 } catch (e) { return e } }',
    ],
    ['name of a class', '() => class Inner { make() { return Inner } }', '() => class r { make() { return r } }'],
    ['names of functions within', '() => { const twice = (n) => n * 2; return twice(1) }', '() => { const t = (e) => e * 2; return t(1) }'],
    ['statements and their layout', '(x) => { x.run(); return x }', '(x) => {\n\n  x.run();; return x\n}'],
  ])('is recognised whatever its %s', ([_, source, build]) => {
    expect(from(build!)).toEqual(from(source!))
  })

  test('is recognised as a method', () => {
    expect(member('it(n) { return n }')).toEqual(from('function (n) { return n }'))
    expect(member("async *'it'(n) { return n }")).toEqual(from('async function* (n) { return n }'))
  })

  test('cannot be read of native and of bound functions, which do not fail', () => {
    expect(functionSyntax(Math.max)).toMatchObject({ unreadable: expect.stringContaining('native code') as string })
    expect(functionSyntax(((n: number) => n).bind(null))).toMatchObject({ unreadable: expect.any(String) as string })
  })
})
