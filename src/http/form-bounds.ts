import { HttpProblem } from './problem.ts'

// Whoever parses a form takes seconds for many fields, or for long headers of one: both are looked for first.

/** 32 parts, and the request. */
const MOST_FIELDS = 33
/** Of one field: its name, the name of its file, its type. */
const MOST_HEADER_BYTES = 4_096
/** Line ends before the first field, as some clients send them. */
const MOST_BEFORE = 4

const BOUNDARY = /; *boundary=(?:"([\w'()+,./:=? -]{1,70})"|([\w'()+,./:=?-]{1,70})) *(?:;|$)/i

/** The content type to parse a form by, once it is one that is parsed at once. Throws `InvalidInput`. */
export const boundedForm = (bytes: Uint8Array, type: string): string => {
  const [, quoted, bare] = BOUNDARY.exec(type) ?? []
  const boundary = quoted ?? bare
  if (boundary === undefined) throw invalid('multipart/form-data with a boundary', 'another content type')
  checkFields(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), `--${boundary}`)
  return `multipart/form-data; boundary="${boundary}"`
}

const checkFields = (form: Buffer, delimiter: string): void => {
  let at = form.indexOf(delimiter)
  if (at < 0 || at > MOST_BEFORE) throw invalid('a form that begins with its boundary', 'another beginning')
  for (let fields = 0; at >= 0; fields++) {
    const head = at + delimiter.length
    if (form.toString('latin1', head, head + 2) === '--') return
    if (fields === MOST_FIELDS) throw invalid(`${MOST_FIELDS} fields at most`, 'more')
    const length = form.subarray(head, head + MOST_HEADER_BYTES).indexOf('\r\n\r\n')
    if (length < 0) throw invalid(`headers of ${MOST_HEADER_BYTES} bytes at most for each field`, 'longer ones, or none')
    at = form.indexOf(delimiter, head + length)
  }
}

const invalid = (expected: string, found: string): HttpProblem => new HttpProblem('InvalidInput', `Expected ${expected}, found ${found}`)
