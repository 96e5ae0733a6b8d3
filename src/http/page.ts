import { createMiddleware } from 'hono/factory'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { packageRoot } from '../package-root.ts'
import type { HttpEnv } from './http-env.ts'
import { hasSources, isBuiltFrom } from './page-sources.ts'

// The debugger's page: a few files that npm run build has written, and that hold no data.

const BUILT = join(packageRoot, 'dist/page')

/** Addresses of the page: it shows each by itself. */
const PAGE = /^\/(?:$|(?:runs|inbox|charts|evals|datasets|analytics|diff|help|sign-in)(?:\/|$))/
const ASSET = /^\/assets\/[\w.-]+$/

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** Nothing but its own files runs in it, it asks nobody but this service, and no text becomes markup. */
const PAGE_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
}
const AT_EACH_VISIT = { 'cache-control': 'no-cache' }
/** The name changes with the content. */
const FOR_GOOD = { 'cache-control': 'public, max-age=31536000, immutable' }

interface Served {
  readonly type: string
  readonly body: Buffer<ArrayBuffer>
  readonly gzip: Buffer<ArrayBuffer>
}

/** Answers for the page and its files; passes on whatever else is asked for. */
export const servePage = (built = BUILT, root = packageRoot) => {
  let files: ReadonlyMap<string, Served> | undefined
  return createMiddleware<HttpEnv>(async (c, next) => {
    const { path, method } = c.req
    const isPage = PAGE.test(path)
    if ((method !== 'GET' && method !== 'HEAD') || !(isPage || ASSET.test(path))) return next()
    files ??= filesOf(built, root)
    const file = files.get(isPage ? '/index.html' : path)
    if (file === undefined) return next()
    const isZipped = /\bgzip\b/.test(c.req.header('accept-encoding') ?? '')
    c.set('isPageFile', true)
    return c.body(isZipped ? file.gzip : file.body, 200, {
      'content-type': file.type,
      vary: 'accept-encoding',
      ...(isZipped ? { 'content-encoding': 'gzip' } : {}),
      ...PAGE_HEADERS,
      ...(isPage ? AT_EACH_VISIT : FOR_GOOD),
    })
  })
}

const filesOf = (built: string, root: string): ReadonlyMap<string, Served> => {
  if (hasSources(root) && !isBuiltFrom(built, root)) return new Map([['/index.html', served('.html', Buffer.from(NOT_BUILT))]])
  const assets = readdirSync(join(built, 'assets')).map((name) => `/assets/${name}`)
  return new Map(['/index.html', ...assets].map((path) => [path, served(extname(path), readFileSync(join(built, path)))]))
}

const served = (ending: string, body: Buffer<ArrayBuffer>): Served => ({
  type: TYPES[ending] ?? 'text/html; charset=utf-8',
  body,
  gzip: gzipSync(body),
})

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Refold</title>
<h1>The debugger’s page is not built</h1>
<p>Its sources lie here, and what was built from them is missing or older. Run <code>npm run build</code>, then start the service again.</p>
<p>The API works without it: <a href="/openapi.json">openapi.json</a>.</p>
</html>
`
