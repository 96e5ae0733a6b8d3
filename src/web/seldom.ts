import type { Clock } from '../clock.ts'

/**
 * The same question, asked once for everybody who asks at the same time and within `freshMs` after its answer; a failure is an answer too.
 * For what anybody may ask for without a key: however often they do, a server behind it is asked seldom.
 */
export const askedSeldom = <Answer>(clock: Clock, freshMs: number, ask: () => Promise<Answer>): (() => Promise<Answer>) => {
  let answer: Promise<Answer> | undefined
  let answeredAt: number | undefined
  const isFresh = (): boolean => {
    if (answeredAt === undefined) return true
    const age = clock.now() - answeredAt
    return age >= 0 && age < freshMs
  }
  return () => {
    if (answer !== undefined && isFresh()) return answer
    answeredAt = undefined
    const asked = ask()
    answer = asked
    const note = (): void => {
      if (answer === asked) answeredAt = clock.now()
    }
    asked.then(note, note)
    return asked
  }
}
