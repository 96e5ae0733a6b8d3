import { createMachine } from 'xstate'
import { describe, expect, test } from 'vitest'

import { layoutChart, type Box } from '../../../src/pictures/chart-layout.ts'
import { chartSvg } from '../../../src/pictures/chart-svg.ts'
import { chartGraph } from '../../../src/statechart/graph.ts'
import { sampleAgent } from '../statechart/sample-agent.ts'
import { rareChart } from './rare-chart.ts'
import { attributes, xmlFault } from './well-formed.ts'

const sample = chartGraph(sampleAgent)
const rare = chartGraph(rareChart)
const small = chartGraph(createMachine({ id: 'c', initial: 'a', states: { a: { on: { Go: 'b' } }, b: {} } }))

/** The elements that carry an id, with their classes. */
const classesOf = (svg: string, id: string): readonly string[] =>
  [...svg.matchAll(/<g class="([^"]*)" data-id="([^"]*)">/g)].filter(([, , found]) => found === id).map(([, classes]) => classes!)

describe('the picture of a chart', () => {
  test.each([
    ['an agent', sample],
    ['a chart of rare constructs', rare],
    ['a chart without transitions', chartGraph(createMachine({ id: 'alone' }))],
  ])('of %s is well-formed XML', async (_, graph) => {
    expect(xmlFault(await chartSvg(graph))).toBeNull()
  })

  test.each([
    ['an agent', sample],
    ['a chart of rare constructs', rare],
  ])('of %s carries the id of every state and every edge', async (_, graph) => {
    const ids = new Set(attributes(await chartSvg(graph), 'data-id'))
    expect(ids).toEqual(new Set([...graph.nodes, ...graph.edges].map((each) => each.id)))
  })

  test('stands alone: it has a name and a title, a size, and no reference to anything outside', async () => {
    const svg = await chartSvg(sample)
    expect(svg).toMatch(
      /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" class="refold-chart" data-chart="agent" role="img" width="\d+" height="\d+" viewBox="0 0 \d+ \d+">\n<title>Statechart agent 1.0.0<\/title>/,
    )
    expect(svg.match(/https?:/g)).toHaveLength(1)
    expect(svg).not.toMatch(/url\(|<script|href=/)
  })

  test('has colours for light and for dark ground', async () => {
    expect(await chartSvg(small)).toContain('@media (prefers-color-scheme:dark)')
  })

  test('is the same each time', async () => {
    expect(await chartSvg(chartGraph(rareChart))).toBe(await chartSvg(rare))
  })

  test('shows events with guards, effects and what is handled inside a state', async () => {
    const svg = await chartSvg(sample)
    for (const words of [
      'entry / callModel',
      'ModelCallFailed [mayRetry]',
      '[and(wantsTools, isRisky)]',
      'after backoff',
      'on ToolRetryDue [isOpenCall] / callTool',
      'on RunCancelled → cancelled',
    ])
      expect(svg).toContain(`>${words}</text>`)
  })

  test('marks the active states and the edges that were taken, and nothing else', async () => {
    const svg = await chartSvg(sample, {
      active: ['agent', 'agent.active', 'agent.active.acting'],
      taken: ['agent.active.awaitingApproval|ApprovalGranted|0', 'agent.active.acting|ToolCallSucceeded|0'],
    })
    expect(classesOf(svg, 'agent.active.acting')).toEqual(['state atomic active'])
    expect(classesOf(svg, 'agent.active.awaitingMessage')).toEqual(['state atomic human'])
    expect(classesOf(svg, 'agent.active.awaitingApproval|ApprovalGranted|0')).toEqual(['edge taken', 'edge taken'])
    expect(classesOf(svg, 'agent.active.acting|ToolCallSucceeded|0')).toEqual(['edge taken'])
    expect(svg.match(/class="edge taken" data-id/g)).toHaveLength(3)
    expect(svg.match(/class="state [^"]*active" data-id/g)).toHaveLength(3)
  })

  test('explains its signs, but only those that it uses', async () => {
    expect(await chartSvg(small)).not.toContain('waits for a person')
    expect(await chartSvg(small)).not.toContain('active now')
    expect(await chartSvg(small, { active: ['c.a'] })).toContain('active now')
    const svg = await chartSvg(sample)
    expect(svg).toContain('>waits for a person<')
    expect(svg).toContain('>the end<')
  })

  test('sets states that wait for a person and final states apart by more than colour', async () => {
    const svg = await chartSvg(sample)
    const shapeOf = (id: string) => svg.split('\n').find((line) => line.includes(`data-id="${id}"><title>`))
    expect(shapeOf('agent.escalated')).toContain('<path class="icon"')
    expect(shapeOf('agent.cancelled')).toContain('<rect class="inner"')
    expect(shapeOf('agent.active.acting')).not.toMatch(/class="(icon|inner)"/)
  })
})

const contains = (outer: Box, inner: Box): boolean =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height
const overlap = (a: Box, b: Box): boolean => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height

describe('the layout of a chart', () => {
  test.each([
    ['an agent', sample],
    ['a chart of rare constructs', rare],
  ])('of %s keeps each state inside its parent and apart from its neighbours', async (_, graph) => {
    const { states, width, height } = await layoutChart(graph)
    for (const state of states) {
      const parent = states.find((each) => each.node.id === state.node.parent) ?? { x: 0, y: 0, width, height }
      expect(contains(parent, state)).toBe(true)
      const siblings = states.filter((each) => each.node.parent === state.node.parent && each !== state)
      expect(siblings.filter((each) => overlap(each, state))).toEqual([])
    }
  })

  test('puts no label over a state without children or over another label', async () => {
    const { states, arrows } = await layoutChart(sample)
    const labels = arrows.flatMap(({ label }) => label ?? [])
    const leaves = states.filter(({ node }) => !sample.nodes.some((each) => each.parent === node.id))
    for (const label of labels) {
      expect(leaves.filter((leaf) => overlap(leaf, label))).toEqual([])
      expect(labels.filter((other) => other !== label && overlap(other, label))).toEqual([])
    }
  })

  test('begins at the top with the initial state', async () => {
    const { states } = await layoutChart(small)
    const top = (id: string) => states.find(({ node }) => node.id === id)!.y
    expect(top('c.a')).toBeLessThan(top('c.b'))
  })

  test('makes room for long names', async () => {
    const long = 'aVeryLongNameOfAStateThatNobodyShouldWrite'
    const { states } = await layoutChart(chartGraph(createMachine({ id: 'c', initial: long, states: { [long]: {} } })))
    expect(states.find(({ node }) => node.key === long)!.width).toBeGreaterThan(long.length * 7)
  })
})
