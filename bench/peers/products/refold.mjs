// Refold, as it stands in its package: embedded, on a folder.

const NO_LIMITS = {
  iterationsPerTurn: null,
  toolCallsPerTurn: null,
  tokens: null,
  costUsd: null,
  wallTimeMs: null,
  repeatedCalls: null,
  cycles: null,
}

const isOfStep = ({ type }) => type === 'ModelCallSucceeded' || type === 'ToolCallSucceeded'

export const peer = {
  title: 'Refold',
  packages: ['refold'],
  durability: '`openRefold({ dir })`: each step is appended to its log, on SQLite with `synchronous = FULL`, before the next one begins',
  lacks: 'It stores two events a step, the claim of an effect and its result, and keeps the views of all runs up to date meanwhile.',
  async open({ folder, workload }) {
    const { answer, defineAgent, defineTool, openRefold, scriptedModel, toolCalls } = await import('refold')
    const [{ z }, { pino }] = [await import('zod'), await import('pino')]
    const lookUp = defineTool({
      name: 'look_up',
      description: 'Looks a key up',
      input: z.object({ key: z.string(), text: z.string() }),
      output: z.string(),
      effect: 'read', // it may be made again where a crash leaves open whether it was made
      execute: async (input) => workload.callTool(input),
    })
    const model = scriptedModel(({ messages }) => {
      const { id, turns } = workload.readQuestion(messages[0].parts[0].text)
      const next = workload.askModel(id, (messages.length - 1) / 2, turns)
      return next.call === undefined ? answer(next.answer) : toolCalls([{ name: next.call.name, arguments: next.call.arguments }])
    })
    const agent = defineAgent({
      name: 'reader',
      version: '1',
      instructions: 'Look keys up, then answer.',
      models: ['scripted/one'],
      tools: [lookUp],
      limits: NO_LIMITS,
    })
    const refold = await openRefold({
      dir: folder,
      agents: [agent],
      models: { scripted: model },
      modelConcurrency: 10_000,
      logger: pino({ level: 'silent' }),
    })
    const messagesOf = async (run) => (await run.untilSettled()).transcript.length
    const run = async (id, turns) => messagesOf(await refold.start('reader', { runId: id, message: workload.question(id, turns) }))
    return {
      run,
      // Runs that were stored go on by themselves as soon as it is open.
      resume: (ids, turns) =>
        Promise.all(
          ids.map(async (id) => {
            try {
              return await messagesOf(refold.run(id))
            } catch (error) {
              if (error.code !== 'RunNotFound') throw error
              return run(id, turns)
            }
          }),
        ),
      /** The revision behind that step. */
      async find(id, step) {
        let steps = 0
        for await (const event of refold.run(id).events()) {
          if (isOfStep(event)) steps += 1
          if (steps === step) return event.revision
        }
        throw new Error(`${id} has no step ${step}`)
      },
      lookAt: async (id, revision) => (await refold.run(id).at(revision)).transcript.length,
      close: () => refold.close(),
    }
  },
}
