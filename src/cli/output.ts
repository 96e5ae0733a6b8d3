import { once } from 'node:events'
import { isTooDeep, jsonText } from '../json.ts'
import { visibleJson } from '../text.ts'
import { coloursFor, shownText, type Colours } from './colours.ts'

/** Where a command says what it found. With `--json`, stdout holds JSON alone, and text goes to stderr. */
export interface Output {
  readonly json: boolean
  /** Of `line`. */
  readonly colours: Colours
  /** Columns of `line`; Infinity where it is no terminal. */
  readonly width: number
  /** Text for people, whoever wrote it: what would steer a terminal is shown, and further lines of it are indented. */
  line(text?: string): Promise<void>
  /** For people, about what is going on rather than what was asked for. */
  note(text: string): Promise<void>
  /** A note that programs act on too: with `--json` one line of JSON on stderr. */
  remark(text: string, facts: object): Promise<void>
  /** The one JSON document of a command. Nothing without `--json`. */
  document(value: unknown): Promise<void>
  /** One line of NDJSON. Nothing without `--json`. */
  record(value: unknown): Promise<void>
  /** On stdout as it is: CSV, a picture, whose maker has seen to what would steer a terminal. */
  data(text: string): Promise<void>
}

export interface OutputStreams {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}

export const createOutput = ({ stdout, stderr }: OutputStreams, json: boolean): Output => {
  const people = json ? stderr : stdout
  return {
    json,
    colours: coloursFor(people),
    width: widthOf(people),
    line: (text = '') => writeAll(people, shownLine(text)),
    note: (text) => writeAll(stderr, shownLine(text)),
    remark: (text, facts) => writeAll(stderr, json ? `${visibleJson(JSON.stringify(facts))}\n` : shownLine(text)),
    document: (value) => (json ? writeAll(stdout, `${visibleJson(documentText(value))}\n`) : Promise.resolve()),
    record: (value) => (json ? writeAll(stdout, `${visibleJson(recordText(value))}\n`) : Promise.resolve()),
    data: (text) => writeAll(stdout, text),
  }
}

/** In lines of their own as far as a value is no deeper than what comes in today; an older version has recorded deeper ones. */
const documentText = (value: unknown): string => (isTooDeep(value) ? jsonText(value) : JSON.stringify(value, null, 2))

const recordText = (value: unknown): string => (isTooDeep(value) ? jsonText(value) : JSON.stringify(value))

/** What comes behind a line feed of somebody else must not look like a line of Refold. */
export const shownLine = (text: string): string => `${shownText(text).replaceAll('\n', '\n  ')}\n`

const USUAL_WIDTH = 80

/** Columns; Infinity where it is no terminal, since a pipe cuts nothing off. */
export const widthOf = (stream: NodeJS.WriteStream): number => {
  if (!stream.isTTY) return Infinity
  // A terminal that does not know its size says 0.
  return stream.columns > 0 ? stream.columns : USUAL_WIDTH
}

/** Waits where the reader is slower, so that an export of any size needs no memory. */
export const writeAll = async (stream: NodeJS.WritableStream, text: string): Promise<void> => {
  if (!stream.write(text)) await once(stream, 'drain')
}
