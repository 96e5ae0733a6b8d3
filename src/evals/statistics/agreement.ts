import { CONFIDENCE, type Estimate, type Interval } from './interval.ts'
import { zOf } from './normal.ts'
import { wilsonInterval } from './wilson.ts'

/** What a judge said, and what a person had said of the same. */
export interface Judged {
  readonly judge: string
  readonly label: string
}

export interface Agreement {
  readonly cases: number
  /** The share of which both say the same. */
  readonly accuracy: Estimate
  /**
   * Cohen's kappa: how much of what chance leaves open they agree on; 1 is all, 0 as much as chance. Undefined where both always say the same one
   * thing, so that chance leaves nothing open. Interval by the standard error of Fleiss, Cohen and Everitt (1969).
   */
  readonly kappa: Estimate | undefined
}

export const agreementOf = (judged: readonly Judged[], confidence = CONFIDENCE): Agreement => {
  const all = judged.length
  const same = judged.filter(({ judge, label }) => judge === label).length
  const accuracy = { value: all === 0 ? Number.NaN : same / all, ...wilsonInterval(same, all, confidence) }
  return { cases: all, accuracy, kappa: all === 0 ? undefined : kappaOf(judged, same / all, confidence) }
}

const kappaOf = (judged: readonly Judged[], observed: number, confidence: number): Estimate | undefined => {
  const judgeShare = sharesOf(judged.map(({ judge }) => judge))
  const labelShare = sharesOf(judged.map(({ label }) => label))
  let byChance = 0
  for (const [word, share] of judgeShare) byChance += share * (labelShare.get(word) ?? 0)
  if (byChance === 1) return undefined
  const value = (observed - byChance) / (1 - byChance)
  return { value, ...kappaInterval(value, varianceOf(judged, { judgeShare, labelShare, byChance, value }), confidence) }
}

const kappaInterval = (value: number, variance: number, confidence: number): Interval => {
  const half = zOf(confidence) * Math.sqrt(Math.max(0, variance))
  return { low: Math.max(-1, value - half), high: Math.min(1, value + half) }
}

interface Shares {
  readonly judgeShare: ReadonlyMap<string, number>
  readonly labelShare: ReadonlyMap<string, number>
  readonly byChance: number
  readonly value: number
}

const varianceOf = (judged: readonly Judged[], { judgeShare, labelShare, byChance, value }: Shares): number => {
  const all = judged.length
  let same = 0
  let different = 0
  for (const { judge, label } of judged) {
    if (judge === label) same += (1 - ((judgeShare.get(judge) ?? 0) + (labelShare.get(judge) ?? 0)) * (1 - value)) ** 2
    else different += ((labelShare.get(judge) ?? 0) + (judgeShare.get(label) ?? 0)) ** 2
  }
  const spread = same / all + ((1 - value) ** 2 * different) / all - (value - byChance * (1 - value)) ** 2
  return spread / (all * (1 - byChance) ** 2)
}

const sharesOf = (words: readonly string[]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return new Map([...counts].map(([word, count]) => [word, count / words.length]))
}
