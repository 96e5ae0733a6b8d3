import type { z } from 'zod'
import { AppError } from './errors.ts'
import { beginning, shown } from './text.ts'

/** All options of a kind, by their names: the compiler says which one is missing, or is none. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>

/**
 * Throws `InvalidConfiguration` for an option that nobody reads: a program without types would do without it, and not know.
 * What is `undefined` is absent. `whose`: who has the options, as `tool "charge"`.
 */
export const refuseUnknownOptions = (whose: string, given: object, known: Readonly<Record<string, true>>, otherwise?: string): void => {
  const option = Object.keys(given).find((name) => !Object.hasOwn(known, name) && Reflect.get(given, name) !== undefined)
  if (option === undefined) return
  const problem = `${whose}: expected its options, found ${shown(option)}: ${nearestOf(option, Object.keys(known), otherwise)}`
  throw new AppError('InvalidConfiguration', problem, { details: { option: beginning(option, LONGEST_NAME), known: Object.keys(known) } })
}

/** The same for what may also be an object of a class, which has fields of its own: only what is written as an object has no others. */
export const refuseUnknownMembers = (whose: string, given: object, known: Readonly<Record<string, true>>): void => {
  if ([Object.prototype, null].includes(Object.getPrototypeOf(given) as object | null)) refuseUnknownOptions(whose, given, known)
}

/** What whoever wrote an unknown name may have meant; where nothing is like it, what there is. */
export const nearestOf = (given: string, known: readonly string[], otherwise = `there are ${known.join(', ')}`): string => {
  const [nearest] = known
    .map((name) => ({ name, steps: stepsBetween(beginning(given, LONGEST_NAME).toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, steps }) => steps <= Math.ceil(name.length / 3))
    .sort((one, other) => one.steps - other.steps)
  return nearest === undefined ? otherwise : `did you mean ${nearest.name}?`
}

/** What is wrong; with the name of a member, what it should be: the issue itself says only that it is not. */
export const issueWords = (issue: z.core.$ZodIssue): string =>
  issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message

const LONGEST_NAME = 100

/** Letters that have to be put in, taken out, changed or swapped with the next. */
const stepsBetween = (from: string, to: string): number => {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1]
      const isSwapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      const at = (steps: readonly number[], place: number): number => steps[place] ?? Infinity
      current.push(
        Math.min(
          at(last, column) + 1,
          at(current, column - 1) + 1,
          at(last, column - 1) + (isSame ? 0 : 1),
          isSwapped ? at(beforeLast, column - 2) + 1 : Infinity,
        ),
      )
    }
    beforeLast = last
    last = current
  }
  return last[to.length] ?? Infinity
}
