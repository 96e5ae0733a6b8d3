import { attempted } from '../errors.ts'
import type { SchemaCheck, SchemaDefinition } from './schema-inside.ts'

/** Whether something of a schema answers with a promise: nobody would wait for it. */
export const answersLater = (def: SchemaDefinition): boolean =>
  functionsOf(def).some(isAsync) || (def.checks ?? []).some((check) => isHidden(check) && promises(check))

const functionsOf = (def: SchemaDefinition): readonly unknown[] => {
  // Both ends of a pipe are run, whichever of them is asked about.
  const ends = [def, definitionOf(def['in']), definitionOf(def['out'])]
  return [
    ...ends.flatMap((end) => (end === undefined ? [] : [end['transform'], end['fn']])),
    ...(def.checks ?? []).flatMap(({ _zod }) => [_zod.def.fn, _zod.check]),
  ]
}

const definitionOf = (schema: unknown): SchemaDefinition | undefined =>
  (schema as { readonly _zod: { readonly def: SchemaDefinition } } | undefined)?._zod.def

const isAsync = (value: unknown): boolean => typeof value === 'function' && value.constructor.name === 'AsyncFunction'

/** A `superRefine` is wrapped by zod, which shows nothing of it. */
const isHidden = ({ _zod: { def } }: SchemaCheck): boolean => def.check === 'custom' && def.fn === undefined

/** It is asked about a value that nobody can read: code that waits for something has promised its answer by then, and does nothing more. */
const promises = ({ _zod: { check } }: SchemaCheck): boolean => {
  let answer: unknown
  const ask = (): unknown => (answer = (check as (payload: object) => unknown)({ value: unreadable(), issues: [] }))
  attempted(ask, () => undefined)
  return answer instanceof Promise
}

const unreadable = (): object => {
  const refuse = (): never => {
    throw new Error('this value is there to be asked about, not to be read')
  }
  return new Proxy({}, new Proxy({}, { get: () => refuse }))
}
