/** Of each on the left, which on the right it is paired with: as many pairs as there can be, of those that fit. Undefined where it has none. */
export const largestMatching = (
  left: number,
  right: number,
  fits: (left: number, right: number) => boolean,
): readonly (number | undefined)[] => {
  const known = Array.from({ length: left }, (_, seeker) => Array.from({ length: right }, (__, place) => fits(seeker, place)))
  const placeOf: (number | undefined)[] = Array.from({ length: left }, () => undefined)
  const ownerOf: (number | undefined)[] = Array.from({ length: right }, () => undefined)
  for (let seeker = 0; seeker < left; seeker++) {
    const found = freePlace(seeker, known, ownerOf)
    // Whoever wanted it takes it, and leaves its own to whoever wanted that.
    for (let place = found?.place; found !== undefined && place !== undefined;) {
      const taker = found.wantedBy.get(place) ?? seeker
      const left = placeOf[taker]
      placeOf[taker] = place
      ownerOf[place] = taker
      place = left
    }
  }
  return placeOf
}

interface FreePlace {
  readonly place: number
  /** Who would take each place that was looked at. */
  readonly wantedBy: ReadonlyMap<number, number>
}

/** One that the seeker can have, or somebody who would leave its own for it, and so on. */
const freePlace = (
  start: number,
  fits: readonly (readonly boolean[])[],
  ownerOf: readonly (number | undefined)[],
): FreePlace | undefined => {
  const wantedBy = new Map<number, number>()
  const seekers = [start]
  for (const seeker of seekers) {
    for (const [place, isFit] of (fits[seeker] ?? []).entries()) {
      if (!isFit || wantedBy.has(place)) continue
      wantedBy.set(place, seeker)
      const owner = ownerOf[place]
      if (owner === undefined) return { place, wantedBy }
      seekers.push(owner)
    }
  }
  return undefined
}
