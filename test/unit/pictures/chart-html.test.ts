import { Script } from 'node:vm'
import { describe, expect, test } from 'vitest'

import { chartHtml, type TraceStep } from '../../../src/pictures/chart-html.ts'
import { chartGraph } from '../../../src/statechart/graph.ts'
import { sampleAgent } from '../statechart/sample-agent.ts'

const graph = chartGraph(sampleAgent)
const trace: readonly TraceStep[] = [
  { label: 'RunStarted', active: ['agent', 'agent.active', 'agent.active.awaitingMessage'], taken: [], note: '' },
  {
    label: 'MessageReceived',
    active: ['agent', 'agent.active', 'agent.active.checkingInput'],
    taken: ['agent.active.awaitingMessage|MessageReceived|0'],
    note: '</script><script>alert(1)</script> & "more"',
  },
]
const script = (html: string, attributes: string): string => new RegExp(`<script${attributes}>([\\s\\S]*?)</script>`).exec(html)![1]!

describe('the page of a chart', () => {
  test('needs nothing from the network', async () => {
    const html = await chartHtml(graph, trace)
    expect(html).not.toMatch(/<link|src=|@import|url\(/)
    expect(html.match(/https?:\/\/[^"]*/g)).toEqual(['http://www.w3.org/2000/svg'])
  })

  test('holds the picture, and without a trace nothing that moves', async () => {
    const html = await chartHtml(graph)
    expect(html).toContain('data-id="agent.active.acting"')
    expect(html).not.toContain('<script')
    expect(html).not.toContain('id="slider"')
  })

  test('begins a trace with its first step marked', async () => {
    const html = await chartHtml(graph, trace)
    expect(html).toContain('<g class="state atomic human active" data-id="agent.active.awaitingMessage">')
    expect(html).toContain('max="1" value="0"')
    expect(html).toContain('<output id="count">1 / 2</output>')
    expect(html).toContain('<ol id="steps"><li><button>RunStarted</button></li><li><button>MessageReceived</button></li></ol>')
  })

  test('carries the trace as data that cannot end its element', async () => {
    const html = await chartHtml(graph, trace)
    expect(JSON.parse(script(html, ' type="application/json" id="trace"'))).toEqual(trace)
    expect(html.match(/<script/g)).toHaveLength(2)
  })

  test('carries a script that can be read', async () => {
    const html = await chartHtml(graph, trace)
    expect(() => new Script(script(html, ''))).not.toThrow()
  })
})
