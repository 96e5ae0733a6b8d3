/** Each member may be left out, and `undefined` is the same. */
export type Optional<Members> = { [Key in keyof Members]?: Members[Key] | undefined }

/** The members that are there: what is `undefined` becomes absent, as `exactOptionalPropertyTypes` and JSON want it. */
export type Present<Members> = { [Key in keyof Members as undefined extends Members[Key] ? never : Key]: Members[Key] } & {
  [Key in keyof Members as undefined extends Members[Key] ? Key : never]?: Exclude<Members[Key], undefined>
}

/** A copy without the members that are `undefined`. */
export const present = <Members extends object>(members: Members): Present<Members> => {
  const copy = { ...members } as Record<string, unknown>
  for (const key in copy) if (copy[key] === undefined) return withoutUndefined(copy) as Present<Members>
  return copy as Present<Members>
}

const withoutUndefined = (members: Record<string, unknown>): Record<string, unknown> => {
  const kept: Record<string, unknown> = {}
  for (const key in members) if (members[key] !== undefined) kept[key] = members[key]
  return kept
}
