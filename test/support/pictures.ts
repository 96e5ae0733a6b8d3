/** A picture of one dot. */
export const PNG: Uint8Array = Uint8Array.from(
  Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'),
)

/** Another one: only its first bytes are those of a picture. */
export const otherPng = (size = 64, seed = 1): Uint8Array => {
  const bytes = new Uint8Array(size).fill(seed)
  bytes.set(PNG.subarray(0, 8))
  return bytes
}

export const PDF: Uint8Array = Uint8Array.from(Buffer.from('%PDF-1.4\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF'))
