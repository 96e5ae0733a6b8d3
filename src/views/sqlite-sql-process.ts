import { Worker } from 'node:worker_threads'
import { answerSql, type SqlSource } from './sqlite-sql-statement.ts'
import type { SqlQuery } from './sql-query.ts'

// The process in which queries in SQL run, one at a time: what runs in SQLite cannot be interrupted from its own process.

/** Of the whole process; SQLite as it comes with Node takes no bound of its own. */
const MOST_BYTES = 512 * 1024 * 1024

/** A second thread, since that of a query notices nothing: neither what it takes, nor that whoever has asked was killed. */
const WATCH = `
const { workerData: { parent, most } } = require('node:worker_threads')
setInterval(() => {
  if (process.ppid !== parent || process.memoryUsage.rss() > most) process.kill(process.pid, 'SIGKILL')
}, 20)`

new Worker(WATCH, { eval: true, workerData: { parent: process.ppid, most: MOST_BYTES } }).unref()

process.on('message', (asked: { readonly source: SqlSource; readonly query: SqlQuery }) => {
  process.send?.(answerSql(asked.source, asked.query))
})
process.on('disconnect', () => process.exit())
// Ctrl-C reaches it too, and is for whoever has started it to answer.
process.on('SIGINT', () => undefined)
process.send?.('ready')
