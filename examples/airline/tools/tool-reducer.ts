import type { AirlineData, ToolOutcome } from '../airline-data.ts'
import { Refusal } from '../refusal.ts'
import type { ObjectValue, Value } from '../value.ts'

/** One tool as a pure function of the run's data and the arguments of the call. It may throw a refusal. */
export type ToolReducer = (data: AirlineData, args: ObjectValue) => ToolOutcome

/** Binds the arguments by name before the tool runs: all parameters are required, and no others are known. */
export const toolReducer = <Parameter extends string>(
  name: string,
  parameters: readonly Parameter[],
  run: (data: AirlineData, args: Readonly<Record<Parameter, Value>>) => ToolOutcome,
): [name: string, reduce: ToolReducer] => [name, (data, args) => run(data, bind(name, parameters, args))]

const bind = <Parameter extends string>(name: string, parameters: readonly Parameter[], args: ObjectValue): Record<Parameter, Value> => {
  const invoke = `${className(name)}.invoke()`
  if (args.has('data')) {
    throw new Refusal(`tau_bench.envs.airline.tools.${name}.${invoke} got multiple values for keyword argument 'data'`)
  }
  const known: readonly string[] = parameters
  const unexpected = Array.from(args.keys()).find((argument) => !known.includes(argument))
  if (unexpected !== undefined) throw new Refusal(`${invoke} got an unexpected keyword argument '${unexpected}'`)
  const missing = parameters.filter((parameter) => !args.has(parameter)).map((parameter) => `'${parameter}'`)
  if (missing.length > 0) {
    const plural = missing.length === 1 ? 'argument' : 'arguments'
    throw new Refusal(`${invoke} missing ${missing.length} required positional ${plural}: ${enumeration(missing)}`)
  }
  return Object.fromEntries(args) as Record<Parameter, Value>
}

const className = (name: string): string => name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())

const enumeration = (names: readonly string[]): string =>
  names.length < 3 ? names.join(' and ') : `${names.slice(0, -1).join(', ')}, and ${names.slice(-1).join('')}`
