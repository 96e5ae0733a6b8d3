import { pathPart } from '../address/path-part.ts'
/** A field of a command, as a person fills it in. */
export interface Field {
  readonly name: string
  readonly label: string
  readonly kind: 'text' | 'words' | 'json' | 'happened' | 'arguments'
  readonly isNeeded: boolean
}

/** What a person may have a run do. */
export interface Command {
  readonly title: string
  /** Of the button that does it. */
  readonly verb: string
  readonly says: string
  readonly fields: readonly Field[]
  readonly path: (runId: string, callId: string) => string
  readonly body: (values: Readonly<Record<string, string>>) => Readonly<Record<string, unknown>>
}

const run = (name: string) => (runId: string) => `/v1/runs/${pathPart(runId)}/${name}`
const call = (name: (callId: string) => string) => (runId: string, callId: string) =>
  `/v1/runs/${pathPart(runId)}/${name(pathPart(callId))}`

const given = (values: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''))

const words = (name: string, label: string, isNeeded: boolean): Field => ({ name, label, kind: 'words', isNeeded })

/** By the `operationId` of the request that does it, but for the one that grants something else than what was asked. */
export const commands = {
  grantApproval: {
    title: 'Grant',
    verb: 'Grant',
    says: 'It will be done exactly as it stands here, and recorded as granted by you.',
    fields: [],
    path: call((callId) => `approvals/${callId}/grant`),
    body: given,
  },
  grantChanged: {
    title: 'Grant with changed arguments',
    verb: 'Change',
    says: 'The tool gets exactly what you write here. It is recorded as changed and granted by you, and the agent is told.',
    fields: [{ name: 'input', label: 'What the tool gets, as JSON', kind: 'arguments', isNeeded: true }],
    path: call((callId) => `approvals/${callId}/grant`),
    body: ({ input = '' }) => ({ input: JSON.parse(input) as unknown }),
  },
  denyApproval: {
    title: 'Deny',
    verb: 'Deny',
    says: 'It will not be done. The agent is told why.',
    fields: [words('reason', 'Reason', true)],
    path: call((callId) => `approvals/${callId}/deny`),
    body: given,
  },
  settleToolCall: {
    title: 'Settle a call of which nobody knows whether it happened',
    verb: 'Settle',
    says: 'Look where it would have happened before you say so: the agent goes on with your word.',
    fields: [
      { name: 'succeeded', label: 'What became of it', kind: 'happened', isNeeded: true },
      { name: 'output', label: 'If it happened: its result, as JSON', kind: 'json', isNeeded: false },
      words('message', 'If it did not: what the agent is told', false),
    ],
    path: call((callId) => `tool-calls/${callId}/settlement`),
    body: ({ succeeded, output = '', message = '' }) => ({
      outcome:
        succeeded === 'yes'
          ? { succeeded: true, output: output === '' ? null : (JSON.parse(output) as unknown) }
          : { succeeded: false, message: message === '' ? 'It did not happen.' : message },
    }),
  },
  answerRun: {
    title: 'Answer for the agent',
    verb: 'Answer',
    says: 'The user gets this as the answer, and the turn is over.',
    fields: [words('text', 'Answer', true)],
    path: run('answer'),
    body: given,
  },
  takeRunOver: {
    title: 'Take the run over from its agent',
    verb: 'Take over',
    says: 'No model call begins or goes on; what tools do comes to its end. Then you answer in the place of the agent, turn after turn, until somebody gives the run back.',
    fields: [words('note', 'Note', false)],
    path: run('take-over'),
    body: given,
  },
  giveRunBack: {
    title: 'Give the run back to its agent',
    verb: 'Give back',
    says: 'The agent goes on where the run stands, within its limits.',
    fields: [words('note', 'What the agent is told', false)],
    path: run('give-back'),
    body: given,
  },
  sendMessage: {
    title: 'Send a message',
    verb: 'Send',
    says: 'The agent reads it as a word of its user.',
    fields: [words('message', 'Message', true)],
    path: run('messages'),
    body: given,
  },
  pauseRun: {
    title: 'Pause',
    verb: 'Pause',
    says: 'Nothing new begins in it; what is under way comes to its end.',
    fields: [words('reason', 'Reason', false)],
    path: run('pause'),
    body: given,
  },
  resumeRun: {
    title: 'Resume',
    verb: 'Resume',
    says: 'It goes on where it stood.',
    fields: [],
    path: run('resume'),
    body: given,
  },
  reopenRun: {
    title: 'Reopen',
    verb: 'Reopen',
    says: 'It goes on where it stood, with the code of its agent as it is now.',
    fields: [words('note', 'Note', false)],
    path: run('reopen'),
    body: given,
  },
  completeRun: {
    title: 'End the run as done',
    verb: 'Complete',
    says: 'Nothing more happens in it.',
    fields: [],
    path: run('complete'),
    body: given,
  },
  cancelRun: {
    title: 'Cancel the run',
    verb: 'Cancel the run',
    says: 'It ends, whatever it does. What has happened stays as it is.',
    fields: [words('reason', 'Reason', true)],
    path: run('cancel'),
    body: given,
  },
} as const satisfies Readonly<Record<string, Command>>

export type CommandName = keyof typeof commands

export const isCommand = (name: string): name is CommandName => Object.hasOwn(commands, name)
