import { beginning } from '../../text.ts'
import { wellFormed } from './well-formed.ts'

/** What every vendor takes as the name of a tool. */
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/
const LONGEST_STEM = 56

/** Gives each name of a tool that a model has invented one that vendors take, and no two names the same. */
export const legalNames = (declared: readonly string[]): ((name: string) => string) => {
  const legalOf = new Map(declared.map((name) => [name, name]))
  const taken = new Set(declared)
  return (name) => {
    const known = legalOf.get(name)
    if (known !== undefined) return known
    const legal = TOOL_NAME.test(name) && !taken.has(name) ? name : free(stemOf(name), taken)
    legalOf.set(name, legal)
    taken.add(legal)
    return legal
  }
}

const stemOf = (name: string): string => {
  const letters = name.replaceAll(/[^a-zA-Z0-9_-]/g, '_').slice(0, LONGEST_STEM)
  return /^[a-zA-Z]/.test(letters) ? letters : `tool_${letters}`
}

const free = (stem: string, taken: ReadonlySet<string>): string => {
  if (!taken.has(stem)) return stem
  for (let count = 2; ; count++) if (!taken.has(`${stem}_${count}`)) return `${stem}_${count}`
}

const LONGEST_ID = 256

/** Gives each call of a conversation, in order, an id that the vendor takes and that no other call has; its own it takes in any form. */
export const legalIds = (grammar: RegExp): ((id: string, isOwn: boolean) => string) => {
  const taken = new Set<string>()
  let count = 0
  return (id, isOwn) => {
    const isLegal = isOwn ? id !== '' && id.length <= LONGEST_ID : grammar.test(id)
    let legal = id
    if (!isLegal || taken.has(id)) {
      // Nine letters and digits, which is all that some take.
      do legal = `call${(++count).toString(36).padStart(5, '0')}`
      while (taken.has(legal))
    }
    taken.add(legal)
    return legal
  }
}

/** Servers parse with limits of their own, and refuse the whole prompt above them. */
const DEEPEST_ARGUMENTS = 64
/** Of arguments that are no JSON object: enough for the model to see what it wrote. */
const LONGEST_MALFORMED = 4_000

/**
 * The arguments of a call as every vendor takes them back: the text of one JSON object. What the model wrote is kept letter for
 * letter where it is one; otherwise it is wrapped, as `{"INVALID_JSON": "…"}`, so that the model sees what it wrote.
 */
export const legalArguments = (argumentsText: string): string => {
  if (argumentsText.trim() === '') return '{}'
  const parsed = parse(argumentsText)
  const members = membersOf(parsed, 0)
  if (!isObject(parsed) || members === undefined)
    return JSON.stringify({ INVALID_JSON: beginning(argumentsText, LONGEST_MALFORMED).toWellFormed() })
  const legal = wellFormed(parsed)
  // Of members with one name the last counts, here as for the tool that was called; some servers refuse them.
  return legal === parsed && members === colonsIn(argumentsText) ? argumentsText.toWellFormed() : JSON.stringify(legal)
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)

/** How many members all its objects have; undefined for what JSON can carry only one way: too deep, or a number out of range. */
const membersOf = (value: unknown, depth: number): number | undefined => {
  if (typeof value === 'number') return Number.isFinite(value) ? 0 : undefined
  if (typeof value !== 'object' || value === null) return 0
  if (depth === DEEPEST_ARGUMENTS) return undefined
  let sum = Array.isArray(value) ? 0 : Object.keys(value).length
  for (const member of Object.values(value)) {
    const inside = membersOf(member, depth + 1)
    if (inside === undefined) return undefined
    sum += inside
  }
  return sum
}

/** In JSON, each colon outside of a text belongs to one member. */
const colonsIn = (json: string): number => {
  let count = 0
  let isText = false
  for (let index = 0; index < json.length; index++) {
    const unit = json[index]
    if (unit === '"') isText = !isText
    else if (isText && unit === '\\') index++
    else if (!isText && unit === ':') count++
  }
  return count
}
