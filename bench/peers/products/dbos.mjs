// DBOS Transact: a workflow for each run, a step of it for each step, its tables in Postgres.
import { setTimeout as pause } from 'node:timers/promises'

const LOOK_EVERY_MS = 20

export const peer = {
  title: 'DBOS',
  packages: ['@dbos-inc/dbos-sdk'],
  server: 'postgres',
  durability: 'each step is a `DBOS.runStep`, whose result is committed in Postgres (as it comes: `fsync` and `synchronous_commit` are on)',
  lacks: 'Its state is what the workflow computes from the results of its steps: an earlier one is put together here from their list.',
  async open({ server, workload }) {
    const { DBOS } = await import('@dbos-inc/dbos-sdk')
    const loop = async (id, turns) => {
      const messages = [workload.userMessage(id, turns)]
      for (let turn = 0; ; turn++) {
        const next = await DBOS.runStep(async () => workload.askModel(id, turn, turns), { name: 'model' })
        messages.push(workload.modelMessage(next))
        if (next.call === undefined) return messages.length
        const result = await DBOS.runStep(async () => workload.callTool(next.call.arguments), { name: 'tool' })
        messages.push(workload.toolMessage(next.call, result))
      }
    }
    const agent = DBOS.registerWorkflow(loop, { name: 'agent' })
    DBOS.setConfig({
      name: 'peers',
      systemDatabaseUrl: server.url,
      logLevel: 'error',
      runAdminServer: false,
      executorID: 'local',
      applicationVersion: '1',
    })
    await DBOS.launch()
    const run = async (id, turns) => (await DBOS.startWorkflow(agent, { workflowID: id })(id, turns)).getResult()
    const withStatus = (status) => DBOS.listWorkflows({ status, loadInput: false, loadOutput: status === 'SUCCESS' })
    return {
      run,
      // The launch has begun to go on with what was pending.
      async resume(ids, turns) {
        while ((await withStatus('PENDING')).length > 0) await pause(LOOK_EVERY_MS)
        const messages = new Map((await withStatus('SUCCESS')).map(({ workflowID, output }) => [workflowID, output]))
        return Promise.all(ids.map((id) => messages.get(id) ?? run(id, turns)))
      },
      find: (_, step) => step,
      async lookAt(id, step) {
        const steps = (await DBOS.listWorkflowSteps(id)).filter(({ functionID }) => functionID < step)
        const messages = steps.map(({ name, output }, index) =>
          name === 'model' ? workload.modelMessage(output) : workload.toolMessage(steps[index - 1].output.call, output),
        )
        return messages.length + 1
      },
      close: () => DBOS.shutdown(),
    }
  },
}
