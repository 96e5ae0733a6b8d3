import { AxeBuilder } from '@axe-core/playwright'
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { chromium, type BrowserContext, type Download, type Page } from 'playwright-core'
import { expect } from 'vitest'
import { findChromium } from '../../servers/chromium.ts'
import { noteMissing, noteServer } from '../support/server-lines.ts'

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const SIZES = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 844 } }
/** The machine may be busy; nothing waits for so long but for a failure. */
const TIMEOUT_MS = 30_000

const found = await findChromium()

/** Whether page tests run here. */
export const hasChromium = found.missing === undefined

/** Builds the page where it is older than its sources, so that tests see what is there. */
const builtPage = (): void => {
  execFileSync(process.execPath, ['--conditions=refold:source', 'scripts/build-page.ts', '--if-stale'], {
    cwd: resolve(import.meta.dirname, '../..'),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
}

export interface Visit {
  readonly page: Page
  /** Goes there, and waits until it says what is given. */
  open(path: string, says: string | RegExp): Promise<void>
  /** What went wrong in the page or was asked of somebody else: nothing. To be asked at the end. */
  complaints(): readonly string[]
  /** Expected from here on, as a server is that goes away. */
  allow(complaint: RegExp): void
}

export interface Browser extends AsyncDisposable {
  /** A page of its own context: no cookie, nothing kept. */
  visit(url: string, options?: VisitOptions): Promise<Visit>
}

interface VisitOptions {
  readonly size?: keyof typeof SIZES
  readonly colours?: 'light' | 'dark'
  readonly timezoneId?: string
}

/** One Chromium, with a folder of its own. */
export const openBrowser = async (suite: string): Promise<Browser> => {
  if (found.missing !== undefined) throw new Error(found.missing)
  builtPage()
  const folder = await mkdtemp(join(tmpdir(), 'refold-chromium-'))
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: found.path,
    env: { ...(process.env as Record<string, string>), ...found.environment },
    args: FLAGS,
    headless: true,
  })
  const browser = context.browser()
  if (browser === null) throw new Error('Expected a Chromium that has more than one context, found another')
  noteServer(suite, `Chromium ${browser.version()}`)
  const contexts: BrowserContext[] = []
  return {
    async visit(url, { size = 'wide', colours = 'light', timezoneId = 'UTC' } = {}) {
      const own = await browser.newContext({ baseURL: url, viewport: SIZES[size], colorScheme: colours, timezoneId })
      contexts.push(own)
      own.setDefaultTimeout(TIMEOUT_MS)
      return visitOf(await own.newPage(), url)
    },
    async [Symbol.asyncDispose]() {
      await context.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const visitOf = (page: Page, url: string): Visit => {
  const complaints: string[] = []
  const allowed: RegExp[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== url && !request.url().startsWith('blob:')) complaints.push(`asked ${request.url()}`)
  })
  return {
    page,
    async open(path, says) {
      await page.goto(path)
      await page.getByText(says).first().waitFor()
    },
    complaints: () => complaints.filter((complaint) => !allowed.some((each) => each.test(complaint))),
    allow: (complaint) => allowed.push(complaint),
  }
}

/** Of the page as it stands, in both themes. */
export const accessible = async ({ page }: Visit): Promise<void> => {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    const { violations } = await new AxeBuilder({ page }).analyze()
    expect(
      violations.map(
        ({ id, nodes }) =>
          `${colorScheme} ${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`).join(' | ')}`,
      ),
    ).toEqual([])
  }
}

/** The text of the file that a button gives. */
export const savedBy = async (page: Page, button: string): Promise<string> => {
  const [file] = await Promise.all([
    page.waitForEvent('download') as Promise<Download>,
    page.getByRole('button', { name: button, exact: true }).click(),
  ])
  return readFile(await file.path(), 'utf8')
}

/** Says, in CI as a failure, what did not run. */
export const noteWithoutChromium = (suite: string): void => {
  if (found.missing !== undefined) noteMissing(suite, found.missing)
}
