import { createMachine } from 'xstate'
import { streamOf } from '../../src/events/codec.ts'
import { pathPart } from '../../page/address/path-part.ts'
import { defineAgent } from '../../src/runtime/agent.ts'
import type { Service } from '../http/service.ts'
import { inEveryField, recordedHistories } from '../support/hostile-histories.ts'

/** What would run, fetch or mislead if it were more than text. */
export const HOSTILE = [
  '<script>window.hit = 1</script>',
  '<img src="https://evil.example/x.png" onerror="window.hit = 1">',
  '<svg onload="window.hit = 1"><style>*{display:none}</style></svg>',
  '[link](javascript:window.hit=1) ![image](https://evil.example/y.png)',
  'over\u202Eturned zero\u200Bwidth half\uD800pair \u001b[2J',
].join(' ')

/** The beginning of it, as a reader sees it. */
export const HOSTILE_SEEN = /<script>window\.hit = 1<\/script>/

/** As a name: it would also leave an attribute, a line, a quoted word and a shell's word. */
const HOSTILE_NAME = `"'>${HOSTILE}\n'$(touch /tmp/hit)\`id\`;" --> x`
const LONG = 'long'.repeat(2_500)

/** In front of a text or behind it, so that each is met at the beginning of a cell, in a link and at the end of a line. */
const WAYS: readonly ((text: string) => string)[] = [
  (text) => `${text}${HOSTILE_NAME}`,
  (text) => `=HYPERLINK("https://evil.example","${text}")`,
  (text) => `javascript:window.hit=1//${text}`,
  (text) => (text.length < 12 ? `${text}${LONG}` : text),
  (text) => (text.includes('@') || text.includes('.') ? text : '__proto__'),
]

/** Runs of which every text is hostile, each in one of these ways. Ids of the runs. */
export const hostileRuns = async ({ world }: Service): Promise<readonly string[]> => {
  const ids: string[] = []
  for (const [at, events] of recordedHistories().entries()) {
    const way = WAYS[at % WAYS.length] ?? ((text) => text)
    const id = `h${at}${at % WAYS.length === 0 ? HOSTILE_NAME.replaceAll('\uD800', '') : ''}`
    // One by one: all of them together would be too large for one append.
    for (const [revision, event] of inEveryField(events, way).entries())
      await world.log.append(streamOf(id), revision === 0 ? 'no-stream' : revision - 1, [event])
    ids.push(id)
  }
  return ids.slice(0, WAYS.length)
}

const STATE = HOSTILE_NAME.replaceAll('.', '')

/** An agent whose version and chart are hostile: names of states, texts of transitions. */
export const hostileAgent = defineAgent({
  name: 'odd',
  version: HOSTILE_NAME.toWellFormed(),
  models: [`scripted/${HOSTILE}`],
  chart: createMachine({
    id: `odd ${HOSTILE_NAME}`,
    initial: STATE,
    states: {
      [STATE]: { description: HOSTILE, on: { MessageReceived: { target: 'end', description: HOSTILE } } },
      end: { type: 'final' },
    },
  }),
})

const WRITTEN = ['__proto__', 'constructor', 'javascript:window.hit=1', '1e400', '%']

/** Every page, at runs and agents, and at what somebody has written into the address. */
export const hostilePaths = (ids: readonly string[], agents: readonly string[]): readonly string[] => {
  const [first = '', second = ''] = ids
  const run = (id: string): string => `/runs/${pathPart(id)}`
  const panes = ['chart', 'calls', 'timeline', 'transcript', 'detail', 'budgets', 'work']
  const query = (members: Record<string, string>): string => new URLSearchParams(members).toString()
  const sql = 'select *, 1 as "<img src=x onerror=hit>", 2 as "__proto__", 3 as "=1+1" from refold_'
  return [
    '/runs',
    '/inbox',
    '/charts',
    '/evals',
    '/datasets',
    '/help',
    ...ids.map((id) => `/runs?${query({ peek: id })}`),
    ...ids.map(run),
    ...panes.map((pane) => `${run(first)}?${query({ pane, at: '5' })}`),
    `${run(first)}?${query({ pane: 'timeline', rows: 'spans', at: '1', span: HOSTILE })}`,
    ...['1', HOSTILE].map((call) => `${run(first)}/prompt/${pathPart(call)}`),
    ...agents.map(
      (agent, at) => `/charts/${pathPart(agent)}?${query({ since: '', of: at % 2 === 0 ? 'run' : 'toolCall', vs: agents[0] ?? '' })}`,
    ),
    ...['model', 'version', 'tenant'].map((by) => `/analytics?${query({ by, since: '1' })}`),
    ...['runs', 'steps'].map((table) => `/analytics/sql#${query({ q: `${sql}${table}` })}`),
    `/diff?${query({ a: first, b: second })}`,
    `/diff?${query({ a: HOSTILE, b: '__proto__@1' })}`,
    ...WRITTEN.flatMap((value) => [
      `/runs?${query({ peek: value, status: value, q: value, order: value })}`,
      `${run(first)}?${query({ at: value, pane: value, call: value, view: value, zoom: value, child: value, find: value })}`,
      `/evals?${query({ dataset: value, cursor: value })}`,
      `/datasets/${pathPart(value)}?${query({ from: value })}`,
      `/evals/${pathPart(value)}?${query({ standing: value, from: value })}`,
      `/charts/${pathPart(value)}?${query({ by: value, of: value, since: value, vs: value })}`,
      `/analytics?${query({ by: value, since: value, until: value, agent: value })}`,
      `/analytics/sql#${query({ q: value, ms: value, chart: value })}`,
    ]),
    '/runs/%',
    '/runs?__proto__=1&constructor=2&at=%ff',
    `/${pathPart(HOSTILE)}`,
  ]
}
