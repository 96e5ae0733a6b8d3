import { randomUUID } from 'node:crypto'
import { text as textOfStream } from 'node:stream/consumers'
import { AppError } from '../../errors.ts'
import { metadata as metadataSchema, type Metadata } from '../../events/metadata.ts'
import { tagText, type Tags } from '../../events/tags.ts'
import type { GivenContent } from '../../events/given-content.ts'
import type { Json } from '../../json.ts'
import { present } from '../../present.ts'
import { shown } from '../../text.ts'
import type { CommandLine } from '../command-line.ts'
import { converse } from '../conversation.ts'
import { followRun } from '../follow-run.ts'
import { reportRun } from '../moved-run.ts'
import { withFiles } from '../sent-files.ts'
import { atWork } from '../session.ts'

export interface RunOptions {
  readonly message?: string
  readonly file?: readonly string[]
  readonly input?: Json
  readonly context?: Json
  /** `name=value` */
  readonly tag?: readonly string[]
  readonly metadata?: Json
  readonly runId?: string
  readonly interactive?: true
}

export const run = (line: CommandLine, agent: string, options: RunOptions): Promise<void> => {
  const { interactive, input, context, runId = randomUUID() } = options
  const [tags, metadata] = [tagsOf(options.tag), metadataOf(options.metadata)]
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

const tagsOf = (texts: readonly string[] | undefined): Tags | undefined => {
  if (texts === undefined) return undefined
  const wrong = texts.find((text) => !tagText.safeParse(text).success)
  if (wrong !== undefined) throw new AppError('InvalidInput', `Expected --tag name=value, such as customer=ann, found ${shown(wrong)}`)
  return Object.fromEntries(texts.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]))
}

const metadataOf = (given: Json | undefined): Metadata | undefined => {
  if (given === undefined) return undefined
  const checked = metadataSchema.safeParse(given)
  if (checked.success) return checked.data
  throw new AppError('InvalidInput', 'Expected for --metadata a JSON object of 8,192 characters at most')
}
