// What every peer does, and nobody does otherwise: a question; so many turns of a tool call and what the tool returned; an answer.
// A run of T turns has 2T + 1 steps, the results of the model and of the tool, and 2T + 2 messages, the question among them.
import { openSync, writeSync } from 'node:fs'

const QUESTION_BYTES = 200
/** Of JSON, the key of the call among them. */
const ARGUMENT_BYTES = 200
const RESULT_BYTES = 1_024
const ANSWER_BYTES = 300

export const stepsOf = (turns) => 2 * turns + 1
export const messagesAfter = (steps) => steps + 1

const TEXT_BYTES = 1 << 18
const LETTERS = 'etaoinshrdlucmfwypvbgk'

/** Words that mean nothing and do not repeat, so that no store makes more of a text, or less, than of another one. */
const wholeText = () => {
  let state = 1
  const next = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return state >> 8
  }
  let text = ''
  while (text.length < TEXT_BYTES) {
    for (let left = 2 + (next() % 7); left > 0; left--) text += LETTERS[next() % LETTERS.length]
    text += ' '
  }
  return text
}
const text = wholeText()

const placeOf = (key) => {
  let hash = 2_166_136_261
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 16_777_619)
  return (hash >>> 0) % (text.length - RESULT_BYTES)
}
const textFor = (key, bytes) => {
  const from = placeOf(key)
  return text.slice(from, from + bytes)
}

let calls
/** From here on each call of the model and of the tool is a line of that file; with the last one of so many the process is killed. */
export const recordCallsIn = (path, killAt = Infinity) => {
  calls = { file: openSync(path, 'a'), left: killAt }
}
const record = (what, key) => {
  if (calls === undefined) return
  writeSync(calls.file, `${what} ${key}\n`)
  calls.left -= 1
  if (calls.left === 0) process.kill(process.pid, 'SIGKILL')
}

/** What the user asks. A model that is handed nothing but messages reads in it which run this is, and how long. */
export const question = (id, turns) => `run ${id} of ${turns} turns: ${textFor(id, QUESTION_BYTES - 30)}`
export const readQuestion = (asked) => {
  const [, id, turns] = /^run (\S+) of (\d+) turns: /.exec(asked)
  return { id, turns: Number(turns) }
}

/** The model answers at once: `{ call }` while fewer tools have answered than there are turns, then `{ answer }`. */
export const askModel = (id, turnsDone, turns) => {
  const key = `${id}/${turnsDone}`
  record('model', key)
  if (turnsDone >= turns) return { answer: textFor(`${id} answer`, ANSWER_BYTES) }
  return { call: { id: `call_${turnsDone}`, name: 'look_up', arguments: { key, text: textFor(key, ARGUMENT_BYTES - 20 - key.length) } } }
}

export const callTool = ({ key }) => {
  record('tool', key)
  return textFor(`${key} result`, RESULT_BYTES)
}

/** Messages for the peers that have none of their own. */
export const userMessage = (id, turns) => ({ role: 'user', content: question(id, turns) })
export const modelMessage = ({ call, answer }) =>
  call === undefined ? { role: 'assistant', content: answer } : { role: 'assistant', content: '', toolCalls: [call] }
export const toolMessage = (call, content) => ({ role: 'tool', toolCallId: call.id, content })
