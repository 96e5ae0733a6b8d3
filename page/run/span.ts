/** Of time, ms since the epoch. */
export interface Span {
  readonly from: number
  readonly to: number
}
