import { createMachine } from 'xstate'
import { expect, test } from 'vitest'
import { chartHtml } from '../../../src/pictures/chart-html.ts'
import { chartSvg } from '../../../src/pictures/chart-svg.ts'
import { chartGraph } from '../../../src/statechart/graph.ts'
import { chartMermaid } from '../../../src/statechart/mermaid.ts'
import { attributes, xmlFault } from './well-formed.ts'

const HOSTILE = `a"><script>alert(1)</script><img src=x onerror='alert(2)'>&;\u001b[2J\u009b1m\u202e\u200b\u2028\ud800\n%% x\n--> y`
const STEERS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/u

const graph = chartGraph(
  createMachine({
    id: HOSTILE,
    version: HOSTILE,
    initial: HOSTILE,
    states: {
      [HOSTILE]: {
        description: HOSTILE,
        tags: [HOSTILE],
        entry: { type: HOSTILE, params: { [HOSTILE]: HOSTILE } },
        on: { [HOSTILE]: { target: 'end', description: HOSTILE } },
      },
      end: { type: 'final', description: HOSTILE },
    },
  }),
)
const active = graph.nodes.map(({ id }) => id)

test('a chart whose names are hostile is a picture all the same', async () => {
  const svg = await chartSvg(graph, { active })
  expect(xmlFault(svg)).toBeNull()
  const html = await chartHtml(graph, [{ label: HOSTILE, active, taken: [], note: HOSTILE }])
  for (const text of [svg, html, chartMermaid(graph, { active })]) {
    expect(text).not.toMatch(STEERS)
    expect(text).not.toContain('<script>alert')
    expect(text).not.toContain('<img')
  }
  const [, data = ''] = /id="trace">(.*?)<\/script>/s.exec(html) ?? []
  const [step] = JSON.parse(data) as { active: string[] }[]
  expect(attributes(svg, 'data-id')).toEqual(expect.arrayContaining(step!.active))
})
