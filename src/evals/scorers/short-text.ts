import { jsonText } from '../../json.ts'
import { beginning } from '../../text.ts'

const LONGEST_VALUE = 200
/** Of a note, as the log takes it. */
const LONGEST_NOTE = 1_000

/** A value as a note names it. */
export const shortValue = (value: unknown): string => bounded(value === undefined ? 'nothing' : jsonText(value), LONGEST_VALUE)

export const shortNote = (note: string): string => bounded(note, LONGEST_NOTE)

const bounded = (text: string, length: number): string => (text.length <= length ? text : `${beginning(text, length - 1)}…`)
