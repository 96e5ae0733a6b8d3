import { setTimeout as pause } from 'node:timers/promises'
import { messageOf } from '../../src/errors.ts'
import { startPostgres, type Postgres } from '../../servers/postgres.ts'
import { noteMissing, noteServer } from './server-lines.ts'

/**
 * The server that REFOLD_TEST_POSTGRES names, or one of this test's own. Undefined where none can be had: the closing lines say so.
 * To be asked for while the tests are collected, so that they can be left out.
 */
export const testPostgres = async (suite: string): Promise<Postgres | undefined> => {
  try {
    const postgres = await Promise.race([startPostgres(), tooLate()])
    noteServer(suite, postgres.server.split(' on ')[0] ?? postgres.server)
    return postgres
  } catch (error) {
    noteMissing(suite, `a Postgres that does not start: ${messageOf(error)}`)
    return undefined
  }
}

const WITHIN_MS = 60_000

/** While the tests are collected nothing else ends a start that hangs. */
const tooLate = async (): Promise<never> => {
  await pause(WITHIN_MS, undefined, { ref: false })
  throw new Error(`expected it within ${WITHIN_MS} ms`)
}
