import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { withElkOffThread } from '../../src/pictures/elk-off-thread.ts'
import { chartSvg } from '../../src/pictures/chart-svg.ts'
import { defineAgent } from '../../src/runtime/agent.ts'
import { agentRun } from '../../src/machines/agent-run.ts'
import { chartGraph } from '../../src/statechart/graph.ts'
import { chartStepAt } from '../../src/http/chart-steps.ts'
import { chartCatalog } from '../../src/http/chart-catalog.ts'
import { agentRegistry } from '../../src/runtime/code/agents.ts'
import { eventsOf } from '../support/world.ts'
import { deskAgent, keyFor, openService, type Service } from './service.ts'

interface Picture {
  readonly width: number
  readonly height: number
  readonly groups: readonly {
    readonly layer: string
    readonly id?: string
    readonly shapes: readonly { readonly kind: string; readonly d?: string }[]
  }[]
}

interface Chart {
  readonly hash: string
  readonly graph: { readonly nodes: readonly { id: string }[]; readonly edges: readonly { id: string; label: string }[] }
  readonly full: Picture
  readonly compact: Picture
  readonly legend: Picture
}

interface List {
  readonly charts: readonly { readonly hash: string; readonly name: string; readonly kind: string }[]
  readonly agents: readonly {
    readonly agent: string
    readonly isNewest: boolean
    readonly chartHash: string
    readonly run: string
    readonly toolCall: string
  }[]
}

interface Step {
  readonly charts: readonly {
    readonly callId: string | null
    readonly chart: string
    readonly active: readonly string[]
    readonly taken: readonly string[]
  }[]
}

const acme = keyFor('acme')
const globex = keyFor('globex')

const own = setup({ actions: { callModel: (_: unknown, _params: Record<string, unknown>) => undefined } }).createMachine({
  id: 'letter',
  initial: 'writing',
  states: {
    writing: {
      description: 'Dear “you” <script>',
      entry: { type: 'callModel', params: { prompt: 'Write.' } },
      on: { ModelCallSucceeded: 'done' },
    },
    done: { type: 'final' },
  },
})
const writer = defineAgent({ name: 'writer', version: '3', chart: own, models: ['scripted/one'] })

const listOf = async (service: Service): Promise<List> => (await service.ask<List>('GET /v1/charts')).body

describe('the charts', () => {
  test('are listed with the agents that have them, each once', async () => {
    await using service = await openService({ agents: [deskAgent, writer] })
    const { charts, agents } = await listOf(service)
    expect(charts.map(({ name, kind }) => `${kind} ${name}`).sort()).toEqual(['run agent-run', 'run letter', 'toolCall tool-call'])
    expect(agents.map(({ agent, isNewest }) => [agent, isNewest])).toEqual([
      ['desk@1', true],
      ['writer@3', true],
    ])
    expect(agents[0]?.toolCall).toBe(agents[1]?.toolCall)
    const runId = await service.run('Hello')
    const { body } = await service.ask<{ runs: { chartHash: string }[] }>(`GET /v1/runs?q=id:${runId}`)
    expect(body.runs[0]?.chartHash).toBe(agents[0]?.chartHash)
  })

  test('of which one could not be drawn are drawn when they are asked for again', async () => {
    let asked = 0
    const catalog = chartCatalog(agentRegistry([writer]), (work) =>
      asked++ === 0 ? Promise.reject(new Error('the thread has ended')) : withElkOffThread(work),
    )
    const hash = catalog.list().charts.find(({ name }) => name === 'letter')?.hash ?? ''
    await expect(catalog.chart(hash)).rejects.toThrow('the thread has ended')
    expect(await catalog.chart(hash)).toMatchObject({ hash })
  })

  test('that come with the package are drawn without being laid out again, and are the picture of the docs', async () => {
    await using service = await openService()
    const { agents } = await listOf(service)
    const { body } = await service.ask<Chart>(`GET /v1/charts/${agents[0]?.run}`)
    const nowhere = chartCatalog(agentRegistry([deskAgent]), () => Promise.reject(new Error('it is laid out')))
    for (const hash of [agents[0]?.run ?? '', agents[0]?.toolCall ?? '']) expect(await nowhere.chart(hash)).toMatchObject({ hash })
    expect(body.graph.nodes.length).toBe(chartGraph(agentRun).nodes.length)
    const svg = await chartSvg(chartGraph(agentRun))
    const paths = body.full.groups.flatMap(({ shapes }) => shapes.flatMap(({ d }) => (d === undefined ? [] : [d])))
    expect(paths.filter((d) => !svg.includes(`d="${d}"`))).toEqual([])
    const drawn = new Set(body.full.groups.flatMap(({ id }) => (id === undefined ? [] : [id])))
    expect([...body.graph.nodes, ...body.graph.edges].filter(({ id }) => !drawn.has(id))).toEqual([])
    expect(body.compact.width * body.compact.height).toBeLessThan((body.full.width * body.full.height) / 2)
    expect(body.compact.groups.filter(({ layer }) => layer === 'label')).toEqual([])
  })

  test('of a user are laid out off this thread, once, whoever asks', async () => {
    await using service = await openService({ agents: [writer] })
    const { agents } = await listOf(service)
    const path = `GET /v1/charts/${agents[0]?.run}`
    const [first, second] = await Promise.all([service.ask<Chart>(path), service.ask<Chart>(path)])
    expect(first.status).toBe(200)
    expect(second.body).toEqual(first.body)
    expect(first.body.full.groups.filter(({ id }) => id !== undefined).map(({ id }) => id)).toContain('letter.writing')
    expect(first.body.graph.edges.map(({ label }) => label)).toEqual(['ModelCallSucceeded'])
  })

  test.each(['0123456789abcdef', 'x', '..%2f..%2fpackage', '0123456789ABCDEF', '__proto__'])(
    'of no agent are not there: %s',
    async (hash) => {
      await using service = await openService()
      expect([400, 404]).toContain((await service.ask(`GET /v1/charts/${hash}`)).status)
    },
  )
})

describe('the step of an event', () => {
  test('has the states that it led to and the edges that it took, of the run and of the call that it moved', async () => {
    await using service = await openService()
    const runId = await service.run('A refund, please')
    await service.ask(`POST /v1/runs/${runId}/approvals/3.0/grant`)
    await service.settle(runId)
    const events = await eventsOf(service.world, runId)
    const { agents, charts } = await listOf(service)
    const run = (await service.ask<Chart>(`GET /v1/charts/${agents[0]?.run}`)).body
    const call = (await service.ask<Chart>(`GET /v1/charts/${agents[0]?.toolCall}`)).body
    expect(charts).toHaveLength(2)
    for (const { revision, type, meta } of events) {
      const { status, body } = await service.ask<Step>(`GET /v1/runs/${runId}/steps/${revision}`)
      expect(status).toBe(200)
      const [ofRun, ofCall, ...more] = body.charts
      expect(more).toEqual([])
      const [place = '', moved] = meta.to.split('; ')
      expect(ofRun, type).toMatchObject({ callId: null, chart: run.hash })
      expect(ofRun?.active.at(-1), type).toBe(`agent-run.${place}`)
      const edges = new Set([...run.graph.edges, ...call.graph.edges].map(({ id }) => id))
      expect(body.charts.flatMap(({ taken }) => taken).filter((id) => !edges.has(id))).toEqual([])
      if (ofCall !== undefined) expect(`${ofCall.callId}=`, type).toBe(moved?.slice(0, moved.lastIndexOf('=') + 1))
    }
    const granted = events.find(({ type }) => type === 'ApprovalGranted')?.revision
    const { body } = await service.ask<Step>(`GET /v1/runs/${runId}/steps/${granted}`)
    expect(body.charts[1]?.taken).toEqual([expect.stringContaining('ApprovalGranted') as string])
  })

  test('is not there beyond the newest event, nor without the code of the agent', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    expect(await service.ask(`GET /v1/runs/${runId}/steps/99`)).toMatchObject({ status: 400, body: { code: 'InvalidInput' } })
    const agents = agentRegistry([])
    await expect(chartStepAt({ ...service.served, agents }, chartCatalog(agents), { runId, revision: 1 })).rejects.toMatchObject({
      code: 'NotPossible',
    })
  })

  test('of a run of another tenant is not found', async () => {
    await using service = await openService({ http: { keys: [acme.configured, globex.configured] } })
    const runId = await service.run('Hello', { key: acme.key })
    expect((await service.ask(`GET /v1/runs/${runId}/steps/1`, { key: acme.key })).status).toBe(200)
    for (const revision of [1, 99])
      expect(await service.ask(`GET /v1/runs/${runId}/steps/${revision}`, { key: globex.key })).toMatchObject({
        status: 404,
        body: { code: 'RunNotFound' },
      })
  })
})
