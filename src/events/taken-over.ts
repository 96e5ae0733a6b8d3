/** Class of a model call that did not fail by itself: it was not begun, or given up, since a person has taken the run over. */
export const TAKEN_OVER = 'takenOver'

const ENDING = ' has taken the run over'

/** Why the agent of such a run does not go on. */
export const takenOverReason = (by: string): string => `${by}${ENDING}`

export const isTakenOverReason = (reason: string): boolean => reason.endsWith(ENDING)
