/** Each member may be left out, and `undefined` is the same. */
export type Optional<Members> = { [Key in keyof Members]?: Members[Key] | undefined }

/** The members that are there: what is `undefined` becomes absent, as `exactOptionalPropertyTypes` and JSON want it. */
export type Present<Members> = { [Key in keyof Members as undefined extends Members[Key] ? never : Key]: Members[Key] } & {
  [Key in keyof Members as undefined extends Members[Key] ? Key : never]?: Exclude<Members[Key], undefined>
}

/** A copy without the members that are `undefined`. */
export const present = <Members extends object>(members: Members): Present<Members> => {
  const kept: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(members)) if (value !== undefined) kept[key] = value
  return kept as Present<Members>
}
