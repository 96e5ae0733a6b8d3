// The least that a durable step costs: a loop written by hand, a row for each step in SQLite, and nothing else.
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { DatabaseSync } from 'node:sqlite'

const openLog = (folder) => {
  const db = new DatabaseSync(join(folder, 'steps.db'))
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  db.exec('CREATE TABLE IF NOT EXISTS steps (run TEXT, step INTEGER, message TEXT NOT NULL, PRIMARY KEY (run, step)) WITHOUT ROWID')
  const insert = db.prepare('INSERT INTO steps VALUES (?, ?, ?)')
  const select = db.prepare('SELECT message FROM steps WHERE run = ? AND step <= ? ORDER BY step')
  return {
    append: (rows) => {
      db.exec('BEGIN IMMEDIATE')
      for (const row of rows) insert.run(...row)
      db.exec('COMMIT')
    },
    read: (run, upTo = Number.MAX_SAFE_INTEGER) => select.all(run, upTo).map(({ message }) => JSON.parse(message)),
    close: () => db.close(),
  }
}

/** A commit of its own for each; afterwards the others get their turn. */
const oneByOne = (log) => async (row) => {
  log.append([row])
  await nextTurn()
}

/** One commit for all that wait for one. */
const inGroups = (log) => {
  let waiting = []
  const commit = () => {
    const group = waiting
    waiting = []
    log.append(group.map(({ row }) => row))
    for (const { resolve } of group) resolve()
  }
  return (row) =>
    new Promise((resolve) => {
      if (waiting.length === 0) setImmediate(commit)
      waiting.push({ row, resolve })
    })
}

export const openRawSqlite = ({ folder, workload }, { grouped }) => {
  const log = openLog(folder)
  const append = grouped ? inGroups(log) : oneByOne(log)
  const goOn = async (id, turns, messages) => {
    const add = async (message) => {
      await append([id, messages.length, JSON.stringify(message)])
      messages.push(message)
    }
    if (messages.length === 0) await add(workload.userMessage(id, turns))
    for (;;) {
      const [call] = messages.at(-1).toolCalls ?? []
      if (call !== undefined) await add(workload.toolMessage(call, workload.callTool(call.arguments)))
      else if (messages.at(-1).role === 'assistant') return messages.length
      else await add(workload.modelMessage(workload.askModel(id, (messages.length - 1) / 2, turns)))
    }
  }
  return {
    run: (id, turns) => goOn(id, turns, []),
    resume: (ids, turns) => Promise.all(ids.map((id) => goOn(id, turns, log.read(id)))),
    find: (_, step) => step,
    lookAt: (id, step) => log.read(id, step).length,
    close: async () => log.close(),
  }
}
