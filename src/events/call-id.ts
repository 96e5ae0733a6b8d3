/** Ids of calls derive from the place that asked for them, so that a refold gives the same ones. */
export const callIdAt = (revision: number, key: string | number): string => `${revision}.${key}`

/** The part that the chart chose. */
export const keyOf = (callId: string): string => callId.slice(callId.indexOf('.') + 1)
