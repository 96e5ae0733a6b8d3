import type { DataOf } from '../events/run-events.ts'
import { textOf, toolCallsOf } from '../events/message.ts'
import { jsonText } from '../json.ts'
import { visibleJson } from '../text.ts'

/** What a model has answered once, as the line of a script by which the scripted model answers the same; what only its vendor understands is left out. */
export const answerLine = ({ parts }: Pick<DataOf<'ModelCallSucceeded'>, 'parts'>): string => {
  const text = literal(textOf(parts))
  const calls = toolCallsOf(parts).map(
    ({ id, name, argumentsText }) => `{ name: ${literal(name)}, argumentsText: ${literal(argumentsText)}, id: ${literal(id)} }`,
  )
  return calls.length === 0 ? `answer(${text})` : `{ ok: true, text: ${text}, toolCalls: [${calls.join(', ')}] }`
}

/** How it failed. */
export const failureLine = ({
  class: failureClass,
  message,
  status,
}: Pick<DataOf<'ModelCallFailed'>, 'class' | 'message' | 'status'>): string =>
  `failure(${literal(failureClass)}, { message: ${literal(message)}${status === undefined ? '' : `, status: ${status}`} })`

/** Texts alone: in a program an object of JSON could have another prototype. */
const literal = (text: string): string => visibleJson(jsonText(text))
