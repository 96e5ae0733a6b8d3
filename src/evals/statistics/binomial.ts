/** P(X <= successes) of `all` fair coins. Exact up to rounding, also of 100,000. */
export const fairCoinTail = (successes: number, all: number): number => {
  if (successes < 0) return 0
  if (successes >= all) return 1
  // From the largest term down, so that a term that is too small to count ends it.
  let logTerm = logChoose(all, successes) - all * Math.LN2
  let tail = 0
  for (let count = successes; count >= 0; count--) {
    const term = Math.exp(logTerm)
    tail += term
    if (count === 0 || term < tail * Number.EPSILON * 1e-3) break
    logTerm += Math.log(count) - Math.log(all - count + 1)
  }
  return Math.min(1, tail)
}

const logChoose = (all: number, some: number): number => {
  let log = 0
  for (let factor = 1; factor <= Math.min(some, all - some); factor++) log += Math.log(all - factor + 1) - Math.log(factor)
  return log
}
