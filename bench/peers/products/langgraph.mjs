// LangGraph.js: a graph of two nodes over the list of messages, with its checkpointer on SQLite.
import { join } from 'node:path'

export const peer = {
  title: 'LangGraph.js',
  packages: ['@langchain/langgraph', '@langchain/langgraph-checkpoint-sqlite', 'better-sqlite3'],
  durability:
    "`durability: 'sync'`: a checkpoint before the next step begins; `synchronous = FULL` is set on its database, since better-sqlite3 comes with NORMAL in WAL mode, which flushes no commit",
  lacks:
    'Nothing goes on by itself after a crash: the application knows its threads and invokes each again. A checkpoint holds the whole list of messages.',
  environment: { LANGSMITH_TRACING: 'false', LANGCHAIN_TRACING_V2: 'false' },
  async open({ folder, workload }) {
    const { END, MessagesAnnotation, START, StateGraph } = await import('@langchain/langgraph')
    const { AIMessage, HumanMessage, ToolMessage } = await import('@langchain/core/messages')
    const { SqliteSaver } = await import('@langchain/langgraph-checkpoint-sqlite')
    const { default: Database } = await import('better-sqlite3')
    const db = new Database(join(folder, 'checkpoints.db'))
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    const askModel = ({ messages }) => {
      const { id, turns } = workload.readQuestion(messages[0].content)
      const { call, answer } = workload.askModel(id, (messages.length - 1) / 2, turns)
      if (call === undefined) return { messages: [new AIMessage(answer)] }
      return {
        messages: [new AIMessage({ content: '', tool_calls: [{ id: call.id, name: call.name, args: call.arguments, type: 'tool_call' }] })],
      }
    }
    const callTool = ({ messages }) => {
      const [call] = messages.at(-1).tool_calls
      return { messages: [new ToolMessage({ content: workload.callTool(call.args), tool_call_id: call.id, name: call.name })] }
    }
    const isDone = (messages) => {
      const last = messages.at(-1)
      return last?.getType() === 'ai' && !last.tool_calls?.length
    }
    const graph = new StateGraph(MessagesAnnotation)
      .addNode('model', askModel)
      .addNode('tools', callTool)
      .addEdge(START, 'model')
      .addConditionalEdges('model', ({ messages }) => (isDone(messages) ? END : 'tools'), ['tools', END])
      .addEdge('tools', 'model')
      .compile({ checkpointer: new SqliteSaver(db) })
    const thread = (id, more = {}) => ({ configurable: { thread_id: id, ...more }, recursionLimit: 1_000_000, durability: 'sync' })
    const run = async (id, turns) =>
      (await graph.invoke({ messages: [new HumanMessage(workload.question(id, turns))] }, thread(id))).messages.length
    return {
      run,
      resume: (ids, turns) =>
        Promise.all(
          ids.map(async (id) => {
            const { config, values } = await graph.getState(thread(id))
            if (config.configurable.checkpoint_id === undefined) return run(id, turns)
            const messages = values.messages ?? []
            return isDone(messages) ? messages.length : (await graph.invoke(null, thread(id))).messages.length
          }),
        ),
      /** The id of the checkpoint behind that step. */
      async find(id, step) {
        for await (const { config } of graph.getStateHistory(thread(id), { filter: { step }, limit: 1 }))
          return config.configurable.checkpoint_id
        throw new Error(`${id} has no step ${step}`)
      },
      lookAt: async (id, checkpoint) => (await graph.getState(thread(id, { checkpoint_id: checkpoint }))).values.messages.length,
      close: async () => db.close(),
    }
  },
}
