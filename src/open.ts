import type { OpenRefold, RefoldOptions } from './open-refold.ts'

/**
 * Refold in this process: on one SQLite file, for as many processes of this machine as there are, or on the servers that the
 * environment names, for as many machines. What it needs of stores and servers is loaded when it is called.
 * Rejects with `InvalidConfiguration`, `UnknownPrice`, `EventLogCorrupt` or `EventLogUnavailable`.
 */
export const openRefold = async (options: RefoldOptions): Promise<OpenRefold> => (await import('./open-refold.ts')).openRefold(options)
