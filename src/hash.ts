// Of Node itself where there is one, and of a library everywhere else: `imports` in package.json says which.
import { sha256Hex } from '#sha256'

/** 64 lower-case hexadecimal digits, of bytes or of a text in UTF-8. A function of its input alone, so the pure folders may use it. */
export const sha256: (content: string | Uint8Array) => string = sha256Hex
