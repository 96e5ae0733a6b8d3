// Other work on the machine slows everything down, so a figure alone says little: subject and floor take turns within each round,
// another one going first each time, and what counts is the median of the ratios of the rounds.

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly rounds: number
}

export interface RoundLimits {
  readonly least: number
  readonly most: number
  /** No further round begins after this, once the least number is done. */
  readonly withinMs: number
}

export const spreadOf = (values: readonly number[]): Spread => {
  const sorted = [...values].sort((a, b) => a - b)
  return {
    median: ((sorted[(sorted.length - 1) >> 1] ?? Number.NaN) + (sorted[sorted.length >> 1] ?? Number.NaN)) / 2,
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
    rounds: sorted.length,
  }
}

/** Round by round, these divided by those. */
export const ratioSpread = (these: readonly number[], those: readonly number[]): Spread =>
  spreadOf(these.map((value, round) => value / (those[round] ?? Number.NaN)))

/** Each contender returns its own figure for one round; one round more is made beforehand, to warm up, and forgotten. */
export const alternate = async <Name extends string>(
  limits: RoundLimits,
  contenders: Readonly<Record<Name, () => Promise<number> | number>>,
): Promise<Readonly<Record<Name, number[]>>> => {
  const names = Object.keys(contenders) as Name[]
  const measured = Object.fromEntries(names.map((name) => [name, [] as number[]])) as unknown as Record<Name, number[]>
  const began = performance.now()
  for (let round = -1; round < limits.least || (round < limits.most && performance.now() - began < limits.withinMs); round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round + 1) % names.length]
      if (name === undefined) continue
      const figure = await contenders[name]()
      if (round >= 0) measured[name].push(figure)
    }
  }
  return measured
}

/** Microseconds of each of `count` things. */
export const microsecondsEach = async (count: number, work: () => Promise<void> | void): Promise<number> => {
  const began = performance.now()
  await work()
  return ((performance.now() - began) * 1_000) / count
}
