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
