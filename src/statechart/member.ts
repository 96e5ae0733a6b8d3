/** A member of anything that may carry one: XState hangs the parts of its built-in actions and guards on functions. */
export const member = (value: unknown, key: string): unknown =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'
    ? (value as unknown as Readonly<Record<string, unknown>>)[key]
    : undefined

/** An entry of an object given by its author: an inherited member (`toString`) is none. */
export const ownMember = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? member(value, key) : undefined
