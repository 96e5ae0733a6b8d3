import type { Chance } from '../src/evals/statistics/chance.ts'

/** Something that happens to one of the parts. Two that hit the same part never overlap. */
export interface Fault {
  /** The part, and what happens to it as its last word. */
  readonly name: string
  /** Resolves once the part is back. */
  happen(chance: Chance): Promise<void>
}

/** As long as a supervisor or an operator may take, ms. */
export const downMs = (chance: Chance): number => chance.between(0, 2_000)
