import { boundedJson, deepFrozen } from '../json.ts'

/** UTF-8 bytes of the JSON of one wish. */
const MAX_WISH_BYTES = 16 * 1024 * 1024

/**
 * What a caller asks for, as it is now: a wish waits for its turn, and what the caller makes of its own object meanwhile is another wish.
 * Throws `InvalidInput`, with the path, for what JSON cannot carry, or more of it than can be recorded.
 */
export const handedIn = <Wish>(wish: Wish): Wish => deepFrozen(boundedJson(wish, { maxBytes: MAX_WISH_BYTES })) as Wish
