import { messageOf } from '../../src/errors.ts'
import { startPostgres, type Postgres } from '../../servers/postgres.ts'
import { noteMissing, noteServer } from './server-lines.ts'

/**
 * The server that REFOLD_TEST_POSTGRES names, or one of this test's own. Undefined where none can be had: the closing lines say so.
 * To be asked for while the tests are collected, so that they can be left out.
 */
export const testPostgres = async (suite: string): Promise<Postgres | undefined> => {
  try {
    const postgres = await startPostgres()
    noteServer(suite, postgres.server.split(' on ')[0] ?? postgres.server)
    return postgres
  } catch (error) {
    noteMissing(suite, `a Postgres that does not start: ${messageOf(error)}`)
    return undefined
  }
}
