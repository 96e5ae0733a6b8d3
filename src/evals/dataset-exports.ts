import { shownContent } from '../events/content.ts'
import { shownAnswer, textOf, type Message } from '../events/message.ts'
import { jsonText } from '../json.ts'
import { questionOf, type DatasetCase } from './dataset-case.ts'

export const exportFormats = ['langfuse', 'langsmith', 'braintrust', 'inspect', 'promptfoo', 'openai'] as const
export type ExportFormat = (typeof exportFormats)[number]

interface Said {
  readonly role: 'user' | 'assistant' | 'tool'
  readonly content: string
}

/** The file that another tool takes in: lines of JSON, but for promptfoo, which takes one document. */
export const exportText = (cases: readonly DatasetCase[], format: ExportFormat): string =>
  format === 'promptfoo'
    ? `${JSON.stringify(cases.map(promptfooTest), null, 2)}\n`
    : cases.map((each) => `${jsonText(LINES[format](each))}\n`).join('')

const LINES: Readonly<Record<Exclude<ExportFormat, 'promptfoo'>, (each: DatasetCase) => object>> = {
  /** Items of `POST /api/public/dataset-items`. */
  langfuse: (each) => ({
    id: each.id,
    input: inputOf(each),
    expectedOutput: outputOf(each),
    metadata: metadataOf(each),
    status: 'ACTIVE',
  }),
  /** Examples, as `client.create_examples` takes them. */
  langsmith: (each) => ({ inputs: inputOf(each), outputs: outputOf(each), metadata: metadataOf(each), split: each.split ?? 'base' }),
  /** Rows of a dataset. */
  braintrust: (each) => ({
    id: each.id,
    input: inputOf(each),
    expected: outputOf(each),
    metadata: metadataOf(each),
    tags: Object.entries(each.labels).map(([name, value]) => `${name}:${value}`),
  }),
  /** Samples, as `json_dataset` reads them. */
  inspect: (each) => ({ id: each.id, input: conversation(each), target: targetOf(each), metadata: metadataOf(each) }),
  /** Items of an eval, whose fields a grader names `{{ item.… }}`. */
  openai: (each) => ({ item: { id: each.id, input: conversation(each), expected: targetOf(each), metadata: metadataOf(each) } }),
}

const promptfooTest = (each: DatasetCase): object => ({
  description: `${each.id} of ${each.source.runId}@${each.source.revision}`,
  vars: { question: questionOf(each), messages: jsonText(conversation(each)) },
  assert: each.output.answer === null ? [] : [{ type: 'equals', value: each.output.answer }],
  metadata: metadataOf(each),
})

const inputOf = (each: DatasetCase): object => {
  const { messages: _, followUps, ...others } = each.input
  return { messages: conversation(each), ...(followUps === undefined ? {} : { followUps: saidLater(each) }), ...others }
}

/** What the user says after each answer: other tools know one question and one answer. */
const saidLater = ({ input: { followUps = [] } }: DatasetCase): readonly string[] => followUps.map(({ parts }) => shownContent(parts))

const outputOf = ({ output: { answer, output, toolCalls } }: DatasetCase): object => ({ answer, output, toolCalls })

const targetOf = ({ output: { answer, output } }: DatasetCase): string => answer ?? (output === null ? '' : jsonText(output))

const metadataOf = (each: DatasetCase): object => {
  const { id, of, source, task, state, labels, split, input } = each
  return {
    case: id,
    of,
    ...source,
    task,
    place: state.place,
    turn: state.turn,
    labels,
    ...(split === undefined ? {} : { split }),
    ...(input.followUps === undefined ? {} : { followUps: saidLater(each) }),
  }
}

/** As other tools take it: who has said it, and a text. */
const conversation = ({ input: { messages } }: DatasetCase): readonly Said[] =>
  messages.map((message) => ({ role: message.role, content: contentOf(message) }))

const contentOf = (message: Message): string =>
  message.role === 'assistant' ? textOf(message.parts) || shownAnswer(message.parts) : shownContent(message.parts)
