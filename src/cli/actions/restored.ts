import { identityOf, type Restore } from '../../consumers/log-identity.ts'
import { placeOfViews, recordRestore } from '../../consumers/restored-log.ts'
import { AppError } from '../../errors.ts'
import { counted } from '../../projections/amount-text.ts'
import type { CommandLine } from '../command-line.ts'
import { loadConfig } from '../config-file.ts'
import { everyRun } from '../every-run.ts'

export interface RestoredOptions {
  readonly by?: string
  readonly yes?: true
}

export const restored = async (line: CommandLine, { by = line.user, yes }: RestoredOptions): Promise<void> => {
  if (yes !== true)
    throw new AppError(
      'InvalidInput',
      'Expected --yes, since every open run looks at its `once` calls anew then, which cannot be taken back',
    )
  const config = await loadConfig(line.cwd, line.configFile)
  const refold = await line.open({ ...config, recover: false })
  try {
    const { identity, head, since } = await placeOfViews(refold)
    await recordRestore(refold, { identity, head, known: since, by })
    const open = (await everyRun(refold)).filter(({ status }) => status === 'active').length
    const restore = (await identityOf(refold.log)).restores.at(-1)
    await line.output.document({ ...restore, lostRuns: [...(restore?.lostRuns ?? [])].map(([runId, revision]) => ({ runId, revision })) })
    await line.output.note(
      `Recorded. ${counted(open, 'open run')} will look at ${open === 1 ? 'its' : 'their'} \`once\` calls before they happen${known(restore)}.`,
    )
  } finally {
    await refold.close()
  }
}

const known = (restore: Restore | undefined): string =>
  restore === undefined || restore.lostRuns.size === 0
    ? ''
    : `; of ${counted(restore.lostRuns.size, 'run')} more was known than the log holds`
