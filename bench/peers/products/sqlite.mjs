import { openRawSqlite } from './raw-sqlite.mjs'

export const peer = {
  title: 'floor: SQLite, a commit a step',
  packages: [],
  durability: `SQLite ${process.versions.sqlite} of Node, WAL, \`synchronous = FULL\`: a commit and a flush for each step`,
  lacks: 'It is no product: a loop written by hand, which knows this one agent.',
  open: (given) => openRawSqlite(given, { grouped: false }),
}
