import { execFileSync } from 'node:child_process'
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Hono } from 'hono'
import { beforeAll, describe, expect, test } from 'vitest'
import { sha256 } from '../../src/hash.ts'
import type { HttpEnv } from '../../src/http/http-env.ts'
import { servePage } from '../../src/http/page.ts'
import { openService } from './service.ts'

const root = resolve(import.meta.dirname, '../..')
const built = join(root, 'dist/page')

beforeAll(() => {
  execFileSync(process.execPath, ['--conditions=refold:source', 'scripts/build-page.ts', '--if-stale'], { cwd: root, stdio: 'pipe' })
}, 60_000)

/** A service that is the page alone. */
const pageOf = (folder: string, sources: string) => new Hono<HttpEnv>().use(servePage(folder, sources))

const asked = async (url: string) => {
  const response = await fetch(url)
  return { status: response.status, headers: response.headers, text: await response.text() }
}

describe('the service', () => {
  test('gives the page at each of its addresses, looked up anew at each visit', async () => {
    await using service = await openService()
    for (const path of ['/', '/runs', '/runs/some-run', '/inbox', '/analytics/sql', '/diff', '/help']) {
      const { status, headers, text } = await asked(service.url + path)
      expect([status, headers.get('content-type'), headers.get('cache-control')], path).toEqual([
        200,
        'text/html; charset=utf-8',
        'no-cache',
      ])
      expect(text).toContain('<div id="page">')
    }
  })

  test('lets it run its own files alone, ask nobody else, and make no markup of a text', async () => {
    await using service = await openService()
    const { headers } = await asked(`${service.url}/runs`)
    const policy = (headers.get('content-security-policy') ?? '').split('; ')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).toContain("connect-src 'self'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).toContain("require-trusted-types-for 'script'")
    expect(policy).toContain("trusted-types 'none'")
    expect(policy.filter((rule) => rule.includes('unsafe'))).toEqual([])
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin')
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
  })

  test('gives its files for good, since their names change with them, and smaller to whoever can unpack them', async () => {
    await using service = await openService()
    const assets = [...readFileSync(join(built, 'index.html'), 'utf8').matchAll(/"(\/assets\/[^"]+)"/g)].map(([, path = '']) => path)
    expect(assets.length).toBeGreaterThan(1)
    for (const path of assets) {
      const response = await fetch(service.url + path, { headers: { 'accept-encoding': 'gzip' } })
      expect([response.status, response.headers.get('cache-control'), response.headers.get('content-encoding')]).toEqual([
        200,
        'public, max-age=31536000, immutable',
        'gzip',
      ])
      expect(await response.text()).toBe(readFileSync(join(built, path), 'utf8'))
      const whole = await fetch(service.url + path, { headers: { 'accept-encoding': 'identity' } })
      expect(whole.headers.get('content-encoding')).toBeNull()
    }
  })

  test('has no other file, and no other word for what is not there', async () => {
    await using service = await openService()
    for (const path of [
      '/assets/none.js',
      '/assets/..%2f..%2fpackage.json',
      '/assets/../manifest.json',
      '/manifest.json',
      '/sources.json',
      '/runsome',
    ]) {
      expect((await service.ask(`GET ${path}`)).body, path).toMatchObject({ code: 'RouteNotFound' })
    }
    expect((await service.ask('POST /runs')).body).toMatchObject({ code: 'RouteNotFound' })
  })

  test('says which command builds the page where it is missing or was built from other sources', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'refold-page-'))
    const [sources, output] = [join(folder, 'clone'), join(folder, 'built')]
    mkdirSync(join(sources, 'page'), { recursive: true })
    mkdirSync(join(output, 'assets'), { recursive: true })
    writeFileSync(join(sources, 'page/index.html'), 'as it is')
    const said = async (): Promise<string> => (await pageOf(output, sources).request('/')).text()
    expect(await said()).toContain('npm run build')
    writeFileSync(join(output, 'index.html'), 'built')
    writeFileSync(join(output, 'sources.json'), JSON.stringify({ 'page/index.html': sha256('as it is') }))
    expect(await said()).toBe('built')
    writeFileSync(join(sources, 'page/index.html'), 'as it is since')
    expect(await said()).toContain('npm run build')
    // A package holds no sources: what it holds was built from them.
    rmSync(sources, { recursive: true })
    expect(await said()).toBe('built')
    rmSync(folder, { recursive: true })
  })
})

describe('what a visitor loads first', () => {
  const GATE_KB = 150
  test(`is at most ${GATE_KB} kB, packed`, () => {
    const manifest = JSON.parse(readFileSync(join(built, 'manifest.json'), 'utf8')) as Readonly<Record<string, Chunk>>
    const files = firstLoad(manifest)
    const sizes = files.map((file) => ({ file, kB: gzipSync(readFileSync(join(built, file))).length / 1_000 }))
    expect(
      sizes.reduce((sum, { kB }) => sum + kB, 0),
      JSON.stringify(sizes),
    ).toBeLessThan(GATE_KB)
  })
})

interface Chunk {
  readonly file: string
  readonly isEntry?: boolean
  readonly imports?: readonly string[]
  readonly css?: readonly string[]
}

const firstLoad = (manifest: Readonly<Record<string, Chunk>>): readonly string[] => {
  const files = new Set<string>()
  const add = (chunk: Chunk | undefined): void => {
    if (chunk === undefined || files.has(chunk.file)) return
    for (const file of [chunk.file, ...(chunk.css ?? [])]) files.add(file)
    for (const name of chunk.imports ?? []) add(manifest[name])
  }
  for (const chunk of Object.values(manifest)) if (chunk.isEntry === true) add(chunk)
  return [...files]
}
