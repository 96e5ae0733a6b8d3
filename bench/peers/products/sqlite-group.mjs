import { openRawSqlite } from './raw-sqlite.mjs'

export const peer = {
  title: 'floor: SQLite, group commit',
  packages: [],
  durability: 'the same; a commit and a flush for all steps that wait for one',
  lacks: 'It is no product: a loop written by hand, which knows this one agent.',
  open: (given) => openRawSqlite(given, { grouped: true }),
}
