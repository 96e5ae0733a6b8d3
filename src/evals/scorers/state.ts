import { sha256 } from '../../hash.ts'
import { canonicalJson, type Json } from '../../json.ts'
import { isHashOfState } from '../dataset-case.ts'
import { sameJson } from './same-json.ts'
import { fails, passes, type ScoredRun, type Scorer } from './scorer.ts'
import { shortNote, shortValue } from './short-text.ts'

/** The projections that the case names end as it expects: the same JSON, or the same SHA-256 of its canonical text. */
export const stateScorer = (name = 'state'): Scorer => ({
  name,
  score(run) {
    const wanted = Object.entries(run.case.expected?.state ?? {})
    if (wanted.length === 0) return fails('The case expects no state: `expected.state` is missing')
    const different = wanted.flatMap(([projection, expected]) => differenceOf(run, projection, expected))
    if (different.length === 0) return passes(`${wanted.map(([projection]) => projection).join(', ')} as expected`)
    return { ...fails(shortNote(different.join('; ')), lastChangeOf(run)), value: 1 - different.length / wanted.length }
  },
})

const differenceOf = (run: ScoredRun, projection: string, expected: Json | { readonly sha256: string }): readonly string[] => {
  const found = run.projection(projection)
  if (found === undefined) return [`the agent has no projection "${projection}"`]
  if (!isHashOfState(expected))
    return sameJson(found, expected) ? [] : [`${projection}: expected ${shortValue(expected)}, found ${shortValue(found)}`]
  const hash = sha256(canonicalJson(found))
  return hash === expected.sha256
    ? []
    : [`${projection}: expected ${expected.sha256.slice(0, 12)}…, found ${hash.slice(0, 12)}… as SHA-256`]
}

/** Which step has made it other than it should be nobody knows: the last one that may have changed anything. */
const lastChangeOf = ({ events }: ScoredRun): number | undefined =>
  events.findLast(({ type }) => type === 'ToolCallSucceeded' || type === 'ToolCallFailed')?.revision ?? events.at(-1)?.revision
