const MS_PER_DAY = 86_400_000
/** From 0000-03-01, the first day of a year that ends with its leap day, to 1970-01-01. */
const DAYS_TO_EPOCH = 719_468
const DAYS_PER_ERA = 146_097

/** `2026-11-28`: the day in UTC. The civil calendar by arithmetic, since a fold has no clock. Years 0 to 9999. */
export const utcDay = (ms: number): string => {
  const days = Math.floor(ms / MS_PER_DAY) + DAYS_TO_EPOCH
  const era = Math.floor(days / DAYS_PER_ERA)
  const ofEra = days - era * DAYS_PER_ERA
  const yearOfEra = Math.floor((ofEra - Math.floor(ofEra / 1_460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365)
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const month = Math.floor((5 * ofYear + 2) / 153)
  const day = ofYear - Math.floor((153 * month + 2) / 5) + 1
  const year = yearOfEra + era * 400 + (month < 10 ? 0 : 1)
  return [String(year).padStart(4, '0'), pad(month < 10 ? month + 3 : month - 9), pad(day)].join('-')
}

const pad = (value: number): string => String(value).padStart(2, '0')
