/**
 * The same JSON with every half of a surrogate pair replaced by U+FFFD, in keys as in texts: vendors refuse a request with one.
 * What is well-formed already is returned as it is, not copied.
 */
export const wellFormed = <Value>(value: Value): Value => repaired(value) as Value

const repaired = (value: unknown): unknown => {
  if (typeof value === 'string') return value.toWellFormed()
  if (Array.isArray(value)) {
    const items = value.map(repaired)
    return items.every((item, index) => item === value[index]) ? value : items
  }
  return typeof value === 'object' && value !== null ? repairedMembers(value) : value
}

const repairedMembers = (value: object): object => {
  let isSame = true
  const members = Object.entries(value).map(([key, member]): [string, unknown] => {
    const legal: [string, unknown] = [key.toWellFormed(), repaired(member)]
    isSame &&= legal[0] === key && legal[1] === member
    return legal
  })
  return isSame ? value : Object.fromEntries(members)
}
