import { visibleJson, visibleText } from '../../src/text.ts'
import { address, currentLink } from '../address/address.ts'
import { pathPart } from '../address/path-part.ts'
import { copyActions, markdownText, shellWord } from '../keys/copy-keys.ts'
import { ask } from '../server/ask.ts'
import type { OneEvent } from '../server/contract.ts'
import { cursorOf } from './cursor.ts'
import { openRun } from './run-store.ts'
import { conversation } from './transcript-store.ts'

const here = (): { readonly runId: string; readonly cursor: number; readonly isLive: boolean } => {
  const { runId, rows } = openRun.getSnapshot().context
  const { at } = address.getSnapshot().context.query
  return { runId, cursor: cursorOf(at, rows.length), isLive: at === undefined }
}

const eventJson = async (): Promise<string | undefined> => {
  const { runId, cursor } = here()
  const { event } = await ask<OneEvent>(`/v1/runs/${pathPart(runId)}/events/${cursor}`)
  return visibleJson(JSON.stringify(event, null, 2))
}

const command = (): string => {
  const { runId, cursor, isLive } = here()
  return isLive ? `refold show ${shellWord(runId)}` : `refold at ${shellWord(runId)} ${cursor}`
}

/** What was said by the event at the cursor. */
const markdown = (): string => {
  const { runId, cursor } = here()
  const said = conversation.getSnapshot().context.said.filter(({ saidRevision }) => saidRevision <= cursor)
  const lines = said.map(({ role, tool, text, asksFor, saidRevision }) => {
    const words = text === '' ? `asks for ${asksFor ?? ''}` : text
    return `**${markdownText(role)}${tool === null ? '' : ` ${markdownText(tool)}`}** #${saidRevision}: ${markdownText(visibleText(words))}`
  })
  return [`## [${markdownText(visibleText(runId))} at event ${cursor}](${currentLink()})`, ...lines].join('\n\n')
}

/** The event at the cursor, its command, and what was said by then. */
export const runCopies = copyActions({ json: eventJson, command, markdown })
