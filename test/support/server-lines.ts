import { appendFileSync } from 'node:fs'

/** What the tests of the EventStoreDB adapter run against, since no package registry has its server. */
export const STAND_IN = 'the stand-in for EventStoreDB'

/** One of the closing lines of the test run: the suite, and the server that it ran against. */
export const noteServer = (suite: string, server: string): void => {
  note(`${suite}: ${server}`)
}

/** Says why a suite did not run. Where CI is set, that fails the run: there everything has to be present. */
export const noteMissing = (suite: string, reason: string): void => {
  if (process.env['CI'] !== undefined) throw new Error(`Expected what ${suite} needs, found ${reason}`)
  note(`${suite}: DID NOT RUN, ${reason}`)
}

const note = (line: string): void => {
  const path = process.env['REFOLD_TEST_LINES']
  if (path !== undefined) appendFileSync(path, `${line}\n`)
}
