/** Between which two values something lies, with some confidence. Both may be infinite where nothing is known. */
export interface Interval {
  readonly low: number
  readonly high: number
}

/** What was found, and where what it stands for may lie. */
export interface Estimate extends Interval {
  readonly value: number
}

export const CONFIDENCE = 0.95

/** Of a share nothing is known but this. */
export const ANY_SHARE: Interval = { low: 0, high: 1 }
