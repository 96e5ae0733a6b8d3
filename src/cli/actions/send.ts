import { text as textOfStream } from 'node:stream/consumers'
import { AppError } from '../../errors.ts'
import type { CommandLine } from '../command-line.ts'
import { withFiles } from '../sent-files.ts'
import { moveRun } from '../moved-run.ts'

export interface SendOptions {
  readonly message?: string
  readonly file?: readonly string[]
}

export const send = async (line: CommandLine, runId: string, { message: given, file = [] }: SendOptions): Promise<void> => {
  const text = given ?? (file.length > 0 ? undefined : await readMessage(line))
  const message = (await withFiles(text, file, line.cwd)) ?? ''
  await moveRun(line, runId, (run) => run.send({ message, actor: line.user }))
}

const readMessage = async ({ stdin }: CommandLine): Promise<string> => {
  if (stdin.isTTY) throw new AppError('InvalidInput', 'Expected a message, found none: -m TEXT, or on stdin')
  return (await textOfStream(stdin)).trimEnd()
}
