import type { CommandLine } from '../command-line.ts'
import { reading } from '../session.ts'
import { viewLines } from '../view-text.ts'

export const at = (line: CommandLine, runId: string, revision: number): Promise<void> =>
  reading(line, async (refold) => {
    const view = await refold.run(runId).at(revision)
    await line.output.document(view)
    if (!line.output.json) for (const text of viewLines(view, line.output)) await line.output.line(text)
  })
