// Mastra: a workflow that repeats one step until the agent has answered, with its store on LibSQL. An iteration is one step of the agent.
import { join } from 'node:path'

export const peer = {
  title: 'Mastra',
  packages: ['@mastra/core', '@mastra/libsql'],
  durability:
    'a snapshot after each iteration, before the next one begins; `synchronous = FULL` is set on its client once it is open, since LibSQLStore sets NORMAL, which flushes no commit',
  lacks:
    'One snapshot a run, written anew each step: an earlier iteration cannot be looked at. Active runs are listed and restarted by the application.',
  environment: { MASTRA_TELEMETRY_DISABLED: '1' },
  async open({ folder, workload }) {
    const { Mastra } = await import('@mastra/core')
    const { createStep, createWorkflow } = await import('@mastra/core/workflows')
    const { LibSQLStore } = await import('@mastra/libsql')
    const { z } = await import('zod')
    const state = z.object({ id: z.string(), turns: z.number(), messages: z.array(z.any()) })
    const next = ({ id, turns, messages }) => {
      const [call] = messages.at(-1).toolCalls ?? []
      return call === undefined
        ? workload.modelMessage(workload.askModel(id, (messages.length - 1) / 2, turns))
        : workload.toolMessage(call, workload.callTool(call.arguments))
    }
    const isDone = ({ role, toolCalls }) => role === 'assistant' && toolCalls === undefined
    const step = createStep({
      id: 'step',
      inputSchema: state,
      outputSchema: state,
      execute: async ({ inputData }) => ({ ...inputData, messages: [...inputData.messages, next(inputData)] }),
    })
    const agent = createWorkflow({ id: 'agent', inputSchema: state, outputSchema: state })
      .dountil(step, async ({ inputData }) => isDone(inputData.messages.at(-1)))
      .commit()
    const { createClient } = await import('@libsql/client')
    const client = createClient({ url: `file:${join(folder, 'mastra.db')}` })
    await client.execute('PRAGMA journal_mode = WAL')
    const storage = new LibSQLStore({ id: 'peers', client })
    await storage.init()
    await client.execute('PRAGMA synchronous = FULL')
    const workflow = new Mastra({ workflows: { agent }, storage, logger: false }).getWorkflow('agent')
    const messagesOf = ({ status, result, error }) => {
      if (status !== 'success') throw new Error(`expected a run that succeeds, found ${status}: ${error}`)
      return result.messages.length
    }
    const run = async (id, turns) => {
      const created = await workflow.createRun({ runId: id })
      return messagesOf(await created.start({ inputData: { id, turns, messages: [workload.userMessage(id, turns)] } }))
    }
    const snapshots = await storage.getStore('workflows')
    return {
      run,
      async resume(ids, turns) {
        const { runs } = await workflow.listActiveWorkflowRuns()
        const active = new Set(runs.map(({ runId }) => runId))
        const ended = async (id) => {
          const snapshot = await snapshots.loadWorkflowSnapshot({ workflowName: 'agent', runId: id })
          return snapshot === null ? run(id, turns) : messagesOf(snapshot)
        }
        return Promise.all(
          ids.map(async (id) => (active.has(id) ? messagesOf(await (await workflow.createRun({ runId: id })).restart()) : ended(id))),
        )
      },
      close: async () => client.close(),
    }
  },
}
