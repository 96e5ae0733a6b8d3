// A server answers each append by itself, also where it says no. For an answer that a client has no name for it gives only its words:
// the name of the server's message, which is one word, or a sentence. The code that came with it is lost.

/** What the answer to one append says. */
export type Answer =
  /** Nothing was written, and nothing will be. */
  | { readonly kind: 'no'; readonly about: 'size' | 'access' | 'request'; readonly words: string }
  /** Nothing was written; the same append may succeed later. */
  | { readonly kind: 'notYet' }
  /** It may be written, or still become so. */
  | { readonly kind: 'open' }

const UNNAMED = /^Could not recognize (.+)$/s

/** Sentences: the node did not pass it on to where it would be written. */
const NOT_YET = /Server Is Not Ready|Server Is Busy|No leader info|NotHandledReason/i

/** Names that speak of what became of the append, or that say that the server does not know. */
const OPEN =
  /time|deadline|unknown|internal|unexpected|cancel|abort|unavailable|pending|progress|commit|replicat|forward|prepare|lost|(write|append|server)(failed|failure|error)/i

/** Names that speak of what was asked for. */
const NO =
  /exceed|too(large|big|long|many|deep)|invalid|illegal|malformed|bad|wrong|mismatch|unrecogni[sz]ed|unsupported|not(found|allowed|supported|permitted|valid)|denied|forbidden|unauthori[sz]ed|unauthenticated|missing|required|already|deleted|tombstoned|readonly|conflict|violat|precondition|validation|reject|refus|disabled|prohibit|full/i

/** The answer to an append that a client did not recognise, or undefined where the text is no such answer. */
export const unnamedAnswer = (message: string): Answer | undefined => {
  const [, words] = UNNAMED.exec(message) ?? []
  if (words === undefined) return undefined
  if (NOT_YET.test(words)) return { kind: 'notYet' }
  const isName = /^\w{1,100}$/.test(words)
  return isName && NO.test(words) && !OPEN.test(words) ? { kind: 'no', about: aboutOf(words), words } : { kind: 'open' }
}

const aboutOf = (name: string): 'size' | 'access' | 'request' => {
  if (/(size|length|bytes).*exceed|too(large|big|long)/i.test(name)) return 'size'
  return /denied|forbidden|unauthori[sz]ed|unauthenticated|notpermitted/i.test(name) ? 'access' : 'request'
}
