import { identityOf } from './log-identity.ts'
import type { Restore } from './log-restore.ts'
import { newestRestore, type RestorePorts } from './restored-log.ts'

/** What a process goes by: the newest restore of its log when it began. */
export interface KnownRestore {
  /** Finds out, and records, that the log was restored, if nobody has before. Rejects with what log and views say. */
  readonly newest: () => Promise<Restore | undefined>
  /** Rejects with what the log says. */
  readonly isOutdated: () => Promise<boolean>
}

export interface KnownRestoreParts extends Pick<RestorePorts, 'log' | 'views'> {
  /** Once for each that is found out or found recorded. */
  readonly tell: (restore: Restore) => void
}

export const knownRestore = ({ log, views, tell }: KnownRestoreParts): KnownRestore => {
  let asked: Promise<Restore | undefined> | undefined
  let known: { readonly id: string | undefined } | undefined
  const ask = async (): Promise<Restore | undefined> => {
    const newest = await newestRestore({ log, views })
    known = { id: newest?.id }
    if (newest !== undefined) tell(newest)
    return newest
  }
  return {
    newest() {
      asked ??= ask().catch((error: unknown) => {
        asked = undefined
        throw error
      })
      return asked
    },
    isOutdated: async () => known !== undefined && (await identityOf(log)).restores.at(-1)?.id !== known.id,
  }
}
