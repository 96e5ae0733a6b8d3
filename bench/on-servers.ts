import type { OpenRefold } from 'refold'

/** What an installation on servers is named by. */
export interface ServerAddresses {
  readonly eventStore: string
  readonly postgres: string
}

/**
 * Takes the servers out of the environment: whatever is opened then is embedded, as what is measured in a folder has to be.
 * Returns the EventStoreDB that it named.
 */
export const takeNamedServer = (): string | undefined => {
  const eventStore = process.env['REFOLD_EVENTSTORE']
  delete process.env['REFOLD_EVENTSTORE']
  delete process.env['REFOLD_POSTGRES']
  return eventStore === '' ? undefined : eventStore
}

/** Opens a Refold on servers. Nothing else may be opened meanwhile: the environment names them until it is done. */
export const onServers = async ({ eventStore, postgres }: ServerAddresses, open: () => Promise<OpenRefold>): Promise<OpenRefold> => {
  Object.assign(process.env, { REFOLD_EVENTSTORE: eventStore, REFOLD_POSTGRES: postgres })
  try {
    return await open()
  } finally {
    takeNamedServer()
  }
}
