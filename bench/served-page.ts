import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { findChromium } from '../servers/chromium.ts'
import { openWorkshopIn } from './workshop.ts'

export interface ServedPage {
  readonly url: string
  /** Of the one long run. */
  readonly runId: string
  /** A page of a browser that has kept nothing; what it runs before it shows anything. */
  visit(script?: string): Promise<Page>
  close(): Promise<void>
}

const root = resolve(import.meta.dirname, '..')
const AT_ONCE = 500
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
]
const SIZE = { width: 1280, height: 800 }

/** `refold serve` as a process of its own, on a log of one run of so many turns and of many short ones, and a real Chromium beside it. */
export const openServedPage = async (
  folder: string,
  { turns, runs }: { readonly turns: number; readonly runs: number },
): Promise<ServedPage> => {
  const found = await findChromium()
  if (found.missing !== undefined) throw new Error(`Expected a Chromium: ${found.missing}`)
  execFileSync(process.execPath, ['--conditions=refold:source', 'scripts/build-page.ts', '--if-stale'], { cwd: root, stdio: 'pipe' })
  const workshop = await openWorkshopIn(folder)
  const [long] = await workshop.readAll(1, turns)
  for (let made = 0; made < runs; made += AT_ONCE) await workshop.readAll(Math.min(AT_ONCE, runs - made), 0)
  await workshop.close()
  const server = await serve(folder)
  await untilKnown(server.url)
  const profile = mkdtempSync(join(tmpdir(), 'refold-chromium-'))
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: found.path,
    env: { ...(process.env as Record<string, string>), ...found.environment },
    args: FLAGS,
    headless: true,
  })
  return {
    url: server.url,
    runId: long?.runId ?? '',
    async visit(script = '') {
      const context = await browser.browser()?.newContext({ baseURL: server.url, viewport: SIZE, bypassCSP: true })
      if (context === undefined) throw new Error('Expected a Chromium that has more than one context, found another')
      await context.addInitScript(script)
      return context.newPage()
    },
    async close() {
      await browser.close()
      rmSync(profile, { recursive: true, force: true })
      server.child.kill('SIGINT')
      await once(server.child, 'exit')
    },
  }
}

/** The log was filled past the service: what it takes to take all that in for the first time is measured elsewhere. */
const untilKnown = async (url: string): Promise<void> => {
  let page: { readonly behind?: unknown }
  do page = (await (await fetch(`${url}/v1/runs?limit=1`)).json()) as typeof page
  while (page.behind !== undefined)
}

const serve = async (folder: string): Promise<{ readonly url: string; readonly child: ChildProcess }> => {
  const config = join(folder, 'bench.config.ts')
  writeFileSync(
    config,
    `import { pageReader } from ${JSON.stringify(join(root, 'bench/reader.ts'))}
const { agent, model } = pageReader()
export default { dir: ${JSON.stringify(folder)}, agents: [agent], models: { scripted: model } }
`,
  )
  const program = ['--conditions=refold:source', join(root, 'src/main.ts'), '--json', '--config', config, 'serve', '--port', '0']
  const child = spawn(process.execPath, program, {
    cwd: folder,
    env: { ...process.env, REFOLD_DRAIN_SECONDS: '0', REFOLD_LOG_LEVEL: 'error' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  for await (const piece of child.stdout) {
    text += String(piece)
    const url = /"url": ?"([^"]+)"/.exec(text)?.[1]
    if (url !== undefined) return { url, child }
  }
  throw new Error(`Expected the service to listen, it ended: ${text}`)
}
