import type { Metadata } from '../../events/metadata.ts'
import type { Tags } from '../../events/tags.ts'
import { randomUUID } from 'node:crypto'
import { text as textOfStream } from 'node:stream/consumers'
import { AppError } from '../../errors.ts'
import type { GivenContent } from '../../events/given-content.ts'
import type { Json } from '../../json.ts'
import { present } from '../../present.ts'
import type { AddCommand, CommandLine } from '../command-line.ts'
import { converse } from '../conversation.ts'
import { followRun } from '../follow-run.ts'
import { reportRun } from '../moved-run.ts'
import { jsonValue, metadataValue, tagsSoFar } from '../option-values.ts'
import { fileSoFar, withFiles } from '../sent-files.ts'
import { atWork } from '../session.ts'

interface RunOptions {
  readonly message?: string
  readonly file?: readonly string[]
  readonly input?: Json
  readonly context?: Json
  readonly tag?: Tags
  readonly metadata?: Metadata
  readonly runId?: string
  readonly interactive?: true
}

export const addRunCommand: AddCommand = (program, commandLine) => {
  program
    .command('run')
    .description('start a run, and show it until it needs somebody or has ended')
    .argument('<agent>', 'name of an agent of the configuration')
    .option('-m, --message <text>', 'what it is asked; from stdin without it')
    .option('-f, --file <path>', 'a picture or a file that goes with the message; more than once for several', fileSoFar)
    .option('--input <json>', 'what a chart of your own begins with', jsonValue)
    .option('--context <json>', 'what its code may know beside that', jsonValue)
    .option('--tag <name=value>', 'by which it is found again; more than once for several', tagsSoFar)
    .option('--metadata <json>', 'what you note about it for yourself: an object', metadataValue)
    .option('--run-id <id>', 'an id of your choice: the same start, repeated, is one start')
    .option('-i, --interactive', 'go on asking for messages, approvals and answers')
    .addHelpText(
      'after',
      `
The text of the agent goes to stdout, what it does to stderr. With --json, stdout has the state that it came to.

Examples:
  refold run support -m "Where is my order 17?"
  refold run support --interactive
  git diff | refold run reviewer --json | jq -r .answer`,
    )
    .action((agent: string, options: RunOptions) => run(commandLine(), agent, options))
}

const run = (line: CommandLine, agent: string, options: RunOptions): Promise<void> => {
  const { interactive, input, context, tag: tags, metadata, runId = randomUUID() } = options
  if (interactive === true && line.output.json) throw new AppError('InvalidInput', 'Expected either --interactive or --json, found both')
  return atWork(line, async (refold) => {
    const { conversational } = refold.agents.newest(agent)
    const message = await messageFor(line, options, conversational)
    const handle = refold.run(runId)
    const follower = followRun(line, handle, -1)
    try {
      const begun = present({ runId, message, input, context, tags, metadata, actor: line.user })
      const view = await follower.until(() => refold.start(agent, begun))
      await reportRun(line, interactive === true ? await converse(line, handle, follower, view) : view)
    } finally {
      follower.close()
    }
  })
}

const messageFor = async (
  { stdin, cwd }: CommandLine,
  { message, file = [], interactive }: RunOptions,
  conversational: boolean,
): Promise<GivenContent | undefined> => {
  if (file.length > 0) return withFiles(message, file, cwd)
  if (message !== undefined || interactive === true || !conversational) return message
  if (stdin.isTTY) throw new AppError('InvalidInput', 'Expected a message, found none: -m TEXT, or on stdin, or --interactive')
  return (await textOfStream(stdin)).trimEnd()
}
