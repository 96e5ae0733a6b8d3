// Restate: an invocation of a service for each run, a `ctx.run` for each step, and its server beside it.
import { createServer } from 'node:http2'

const ONE_DAY = { days: 1 }
const json = { 'content-type': 'application/json', accept: 'application/json' }

export const peer = {
  title: 'Restate',
  packages: ['@restatedev/restate-sdk', '@restatedev/restate-server'],
  server: 'restate',
  durability:
    'each step is a `ctx.run`, whose result is in the journal of restate-server (as it comes: its log is flushed) before it resolves',
  lacks:
    'It is a server, written in Rust, beside the process of the agent, which survives when that one is killed. Its journal is kept for a day, so that it can be looked at; the messages are put together from it here.',
  async open({ server, isNew, workload }) {
    const restate = await import('@restatedev/restate-sdk')
    const clients = await import('@restatedev/restate-sdk-clients')
    const loop = async (ctx, { id, turns }) => {
      const messages = [workload.userMessage(id, turns)]
      for (let turn = 0; ; turn++) {
        const next = await ctx.run('model', () => workload.askModel(id, turn, turns))
        messages.push(workload.modelMessage(next))
        if (next.call === undefined) return messages.length
        const result = await ctx.run('tool', () => workload.callTool(next.call.arguments))
        messages.push(workload.toolMessage(next.call, result))
      }
    }
    const agent = restate.service({
      name: 'agent',
      handlers: { run: loop },
      options: { idempotencyRetention: ONE_DAY, journalRetention: ONE_DAY },
    })
    const endpoint = createServer(restate.createEndpointHandler({ services: [agent], logger: () => undefined }))
    await new Promise((resolve) => endpoint.listen(server.endpointPort, '127.0.0.1', resolve))
    const ask = async (path, body) => {
      const response = await fetch(server.admin + path, { method: 'POST', headers: json, body: JSON.stringify(body) })
      if (!response.ok) throw new Error(`expected ${path} to be answered, found ${response.status}: ${await response.text()}`)
      return response.json()
    }
    if (isNew) await ask('/deployments', { uri: `http://127.0.0.1:${server.endpointPort}` })
    const query = async (text) => (await ask('/query', { query: text })).rows
    const client = clients.connect({ url: server.ingress }).serviceClient({ name: 'agent' })
    // With the key of a run that is known already it waits for that one's result.
    const run = (id, turns) => client.run({ id, turns }, clients.rpc.opts({ idempotencyKey: id }))
    const resultOf = ({ entry_json }) => {
      const { Success: bytes } = JSON.parse(entry_json).Notification.Completion.Run.result
      return JSON.parse(Buffer.from(bytes, typeof bytes === 'string' ? 'base64' : undefined).toString())
    }
    return {
      run,
      resume: (ids, turns) => Promise.all(ids.map((id) => run(id, turns))),
      /** The id of the invocation, and the step. */
      async find(id, step) {
        const [{ id: invocation }] = await query(`SELECT id FROM sys_invocation WHERE idempotency_key = '${id}'`)
        return { invocation, step }
      },
      async lookAt(id, { invocation, step }) {
        const entries = await query(`SELECT entry_type, entry_json FROM sys_journal WHERE id = '${invocation}' ORDER BY index`)
        const results = entries
          .filter(({ entry_type }) => entry_type === 'Notification: Run')
          .slice(0, step)
          .map(resultOf)
        const messages = results.map((result, index) =>
          typeof result === 'string' ? workload.toolMessage(results[index - 1].call, result) : workload.modelMessage(result),
        )
        return messages.length + 1
      },
      close: async () => endpoint.close(),
    }
  },
}
