import { shownContent } from '../events/content.ts'
import { shownAnswer, toolCallsOf, type Message } from '../events/message.ts'
import type { Colours } from './colours.ts'
import { oneLine, printable } from '../projections/printable.ts'

/** A conversation as the model sees it, one block a message. */
export const transcriptLines = (messages: readonly Message[], colours: Colours): string[] =>
  messages.flatMap((message) => messageBlock(message, colours).split('\n'))

const messageBlock = (message: Message, colours: Colours): string => {
  switch (message.role) {
    case 'user':
      return block(colours.strong('user'), shownContent(message.parts))
    case 'tool':
      return block(
        (message.isError ? colours.bad : colours.faint)(`tool ${oneLine(message.name, Infinity)}${message.isError ? ' (failed)' : ''}`),
        shownContent(message.parts),
      )
    case 'assistant': {
      const calls = toolCallsOf(message.parts).map(({ name, argumentsText }) => `→ ${name} ${argumentsText}`)
      return block(colours.name('agent'), [shownAnswer(message.parts), ...calls].filter((text) => text !== '').join('\n'))
    }
  }
}

const block = (title: string, text: string): string =>
  [
    title,
    ...printable(text)
      .split('\n')
      .map((line) => `  ${line}`),
  ].join('\n')
