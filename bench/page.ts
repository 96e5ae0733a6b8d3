import { setTimeout as delay } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { spreadOf, type Spread } from './rounds.ts'
import { openServedPage, type ServedPage } from './served-page.ts'

// What people wait for at the page of the debugger: a real Chromium on `refold serve`, each of them a process of its own on one machine.

/** Milliseconds, where nothing else is said. */
export interface PageResults {
  readonly runs: number
  readonly events: number
  /** All that is fetched to show the list, as it comes over the wire; kB. */
  readonly firstLoadKb: Spread
  /** From the navigation to the frame with the first rows, nothing cached. */
  readonly listUsable: Spread
  /** From the navigation to the frame with chart, timeline and slider at the newest event. */
  readonly runOpen: Spread
  /** The slowest but 5 % of a round, from the input to its frame. */
  readonly sliderInOrder: Spread
  readonly sliderAtRandom: Spread
  /** The slowest but 5 % of a round, from the time in the event to the page that shows it, beside 50 events a second. */
  readonly appendVisible: Spread
  /** Beyond the deadline of a query that never ends, from the press to the card that says so. */
  readonly sqlPastDeadline: Spread
}

export interface PageOptions {
  readonly folder: string
  readonly quick: boolean
  readonly progress: (what: string) => void
}

/** Four events each; with start and answer these are 10,001 events. */
const TURNS = 2_499
const RUNS = 5_000
const STEPS = 200
const DEADLINE_MS = 1_000

export const measurePage = async ({ folder, quick, progress }: PageOptions): Promise<PageResults> => {
  progress('a log of 5,000 runs, and one of 10,000 events')
  const served = await openServedPage(folder, { turns: TURNS, runs: RUNS })
  const rounds = quick ? 2 : 7
  try {
    progress('the list of runs')
    const lists = await inRounds(rounds, () => openList(served))
    progress('a run of 10,000 events')
    const page = await served.visit()
    const runOpen = await inRounds(quick ? 1 : 5, () => openRun(served))
    await shown(page, `/runs/${served.runId}`, `${WHOLE_RUN} && document.querySelector('.transcript .message') !== null`)
    const events = await page.evaluate<number>(`Number(document.querySelector('.slider input').max) + 1`)
    progress('steps of the slider')
    const inOrder = await inRounds(rounds, (round) =>
      stepThrough(
        page,
        Array.from({ length: STEPS }, (_, at) => 1_000 * (round + 2) + at),
      ),
    )
    const atRandom = await inRounds(rounds, (round) => stepThrough(page, randomly(round + 2, events)))
    await page.context().close()
    progress('from an append to the page')
    const visible = await inRounds(rounds, () => appendsVisible(served))
    progress('a query that never ends')
    const late = await inRounds(rounds, () => queryPastDeadline(served))
    return {
      runs: RUNS + 1,
      events,
      firstLoadKb: spreadOf(lists.map(({ kB }) => kB)),
      listUsable: spreadOf(lists.map(({ ms }) => ms)),
      runOpen: spreadOf(runOpen),
      sliderInOrder: spreadOf(inOrder),
      sliderAtRandom: spreadOf(atRandom),
      appendVisible: spreadOf(visible),
      sqlPastDeadline: spreadOf(late),
    }
  } finally {
    await served.close()
  }
}

/** One more beforehand, to warm up, which is forgotten. */
const inRounds = async <Figure>(rounds: number, measure: (round: number) => Promise<Figure>): Promise<readonly Figure[]> => {
  const figures: Figure[] = []
  for (let round = -1; round < rounds; round++) {
    const figure = await measure(round)
    if (round >= 0) figures.push(figure)
  }
  return figures
}

const p95 = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.95) - 1] ?? Number.NaN

/** Notes the time of the first frame in which something is there, since the navigation. */
const noteWhen = (condition: string): string => `
  const look = new MutationObserver(() => {
    if (!(${condition})) return
    look.disconnect()
    requestAnimationFrame(() => setTimeout(() => { window.usableAt = performance.now() }))
  })
  look.observe(document, { childList: true, subtree: true, attributes: true })`

const FIRST_ROWS = "document.querySelectorAll('.run-row').length > 5"
const WHOLE_RUN = `document.querySelector('.refold-chart .active') !== null && document.querySelectorAll('.group').length > 5 &&
  Number(document.querySelector('.slider input')?.max) >= ${4 * TURNS}`

const shown = async (page: Page, path: string, condition: string): Promise<void> => {
  await page.goto(path)
  await page.waitForFunction(condition, undefined, { timeout: 60_000 })
}

const usableAt = async (page: Page): Promise<number> => (await page.waitForFunction<number>('window.usableAt')).jsonValue()

const BYTES =
  "performance.getEntriesByType('resource').filter(({ name }) => name.includes('/assets/')).reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)"

const openList = async ({ visit }: ServedPage): Promise<{ readonly ms: number; readonly kB: number }> => {
  const page = await visit(noteWhen(FIRST_ROWS))
  await page.goto('/runs')
  const ms = await usableAt(page)
  const kB = (await page.evaluate<number>(BYTES)) / 1_000
  await page.context().close()
  return { ms, kB }
}

const openRun = async ({ visit, runId }: ServedPage): Promise<number> => {
  const page = await visit(noteWhen(WHOLE_RUN))
  await page.goto(`/runs/${runId}`)
  const ms = await usableAt(page)
  await page.context().close()
  return ms
}

const stepThrough = async (page: Page, revisions: readonly number[]): Promise<number> =>
  p95(
    await page.evaluate<number[]>(`(async () => {
      const slider = document.querySelector('.slider input')
      const times = []
      for (const revision of ${JSON.stringify(revisions)}) {
        const began = performance.now()
        slider.value = revision
        slider.dispatchEvent(new Event('input', { bubbles: true }))
        await new Promise((resolve) => requestAnimationFrame(() => {
          const channel = new MessageChannel()
          channel.port1.onmessage = resolve
          channel.port2.postMessage(0)
        }))
        times.push(performance.now() - began)
      }
      return times
    })()`),
  )

/** Park and Miller's generator: the same revisions each time. */
const randomly = (seed: number, events: number): readonly number[] => {
  let state = seed
  return Array.from({ length: STEPS }, () => (state = (state * 48_271) % 2_147_483_647) % events)
}

const SAMPLES = 30
const SAMPLE_PAUSE_MS = 100
/** A message is answered with three events more. */
const BACKGROUND_PAUSE_MS = 80

const post = async (url: string, body: unknown): Promise<{ readonly runId: string }> => {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`Expected an answer, found ${response.status}: ${await response.text()}`)
  return (await response.json()) as { readonly runId: string }
}

const SEEN = `
  window.seen = []
  new MutationObserver(() => {
    const max = Number(document.querySelector('.slider input')?.max ?? -1)
    if (max > (window.seen.at(-1)?.[0] ?? -1)) window.seen.push([max, Date.now()])
  }).observe(document, { childList: true, subtree: true, attributes: true })`

const appendsVisible = async ({ visit, url }: ServedPage): Promise<number> => {
  const start = () => post(`${url}/v1/runs`, { agent: 'page-reader', message: '0' })
  const [{ runId }, other] = [await start(), await start()]
  const page = await visit(SEEN)
  await page.goto(`/runs/${runId}`)
  await page.waitForFunction('window.seen.length > 0')
  const stop = new AbortController()
  const background = (async () => {
    while (!stop.signal.aborted) {
      await post(`${url}/v1/runs/${other.runId}/messages`, { message: '0' })
      await delay(BACKGROUND_PAUSE_MS)
    }
  })()
  const first = await page.evaluate<number>('window.seen.at(-1)[0]')
  for (let sample = 0; sample < SAMPLES; sample++) {
    await post(`${url}/v1/runs/${runId}/messages`, { message: '0' })
    await delay(SAMPLE_PAUSE_MS)
  }
  stop.abort()
  await background
  const { rows } = (await (await fetch(`${url}/v1/runs/${runId}/outline`)).json()) as { rows: readonly { revision: number; at: number }[] }
  await page.waitForFunction(`window.seen.at(-1)[0] >= ${rows.length - 1}`)
  const seen = await page.evaluate<(readonly [number, number])[]>('window.seen')
  await page.context().close()
  return p95(
    rows
      .filter(({ revision }) => revision > first)
      .map(({ revision, at }) => (seen.find(([newest]) => newest >= revision)?.[1] ?? Number.NaN) - at),
  )
}

const ENDLESS = 'with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n'

const queryPastDeadline = async ({ visit }: ServedPage): Promise<number> => {
  const page = await visit()
  await page.goto('/analytics/sql')
  await page.getByLabel('Statement in SQL').fill(ENDLESS)
  const took = await page.evaluate<number>(`new Promise((resolve) => {
    const began = performance.now()
    new MutationObserver(() => {
      if (document.querySelector('[role=alert]') !== null) resolve(performance.now() - began)
    }).observe(document, { childList: true, subtree: true })
    document.querySelector('form button[type=submit].main').click()
  })`)
  await page.getByLabel('Statement in SQL').fill('select 1')
  await page.getByRole('button', { name: 'Ask', exact: true }).click()
  await page.getByText(/^1 row in /).waitFor()
  await page.context().close()
  return took - DEADLINE_MS
}
