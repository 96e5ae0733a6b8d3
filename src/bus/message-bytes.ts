import type { BusMessage } from './bus.ts'

/** What the framing of a record costs at most: lengths, offset and time. */
const FRAME_BYTES = 64
const HEADER_FRAME_BYTES = 8

/** At least what the message takes on the wire, uncompressed. */
export const messageBytes = ({ key, value, headers }: BusMessage): number => {
  let bytes = FRAME_BYTES + Buffer.byteLength(key) + (value === null ? 0 : Buffer.byteLength(value))
  for (const name in headers) bytes += HEADER_FRAME_BYTES + Buffer.byteLength(name) + Buffer.byteLength(headers[name] ?? '')
  return bytes
}
