import type { Clock } from '../clock.ts'
import type { EvalProgress } from '../evals/runner/run-eval.ts'
import { count, duration, money } from '../projections/amount-text.ts'

/** As in `120 of 400 · 83 % passed · $0.1200 · 4 min to go`. */
export const evalProgressText = (clock: Pick<Clock, 'now'>): ((progress: EvalProgress) => string) => {
  const begunAt = clock.now()
  return ({ total, done, known, passed, paidMicroUsd }) => {
    const share = done === 0 ? 0 : Math.round((passed / done) * 100)
    const parts = [`${count(done)} of ${count(total)}`, `${share} % passed`]
    if (paidMicroUsd > 0) parts.push(money(paidMicroUsd))
    const ran = done - known
    if (ran > 0 && done < total) parts.push(`${duration(((clock.now() - begunAt) / ran) * (total - done))} to go`)
    return parts.join(' · ')
  }
}
