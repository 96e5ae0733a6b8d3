import { ANY_SHARE, CONFIDENCE, type Interval } from './interval.ts'
import { zOf } from './normal.ts'

/** Wilson's score interval of a share, for cases that have nothing to do with each other. Of no case at all: anything. */
export const wilsonInterval = (passed: number, all: number, confidence = CONFIDENCE): Interval => {
  if (all === 0) return ANY_SHARE
  const z = zOf(confidence)
  const share = passed / all
  const centre = share + (z * z) / (2 * all)
  const half = z * Math.sqrt((share * (1 - share)) / all + (z * z) / (4 * all * all))
  const scale = 1 + (z * z) / all
  return {
    low: passed === 0 ? 0 : Math.max(0, (centre - half) / scale),
    high: passed === all ? 1 : Math.min(1, (centre + half) / scale),
  }
}
