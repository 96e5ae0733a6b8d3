/** Where among so many sorted numbers a share of them is reached, from 0: between two of them, in a straight line (type 7 of Hyndman and Fan). */
export const quantilePlace = (count: number, share: number): number => Math.max(0, count - 1) * share

/** NaN of none. */
export const quantileOfSorted = (sorted: Float64Array, share: number): number => {
  const place = quantilePlace(sorted.length, share)
  const low = sorted[Math.floor(place)] ?? Number.NaN
  const high = sorted[Math.ceil(place)] ?? Number.NaN
  return low === high ? low : low + (high - low) * (place - Math.floor(place))
}
