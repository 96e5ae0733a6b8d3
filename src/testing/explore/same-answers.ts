import { sha256 } from '../../hash.ts'
import { canonicalJson } from '../../json.ts'
import type { Model, ModelOutcome, Models } from '../../models/model.ts'

/** What models have said while nothing went wrong. */
export interface SaidAnswers {
  /** The models, listened to. */
  readonly listenTo: (models: Models) => Models
  /**
   * Models that say to the same request what they have said to it, and once more the last of it where they are asked more often. What was never
   * heard is up to the model itself, whose script is as far as it would be.
   */
  readonly repeat: (models: Models) => Models
}

export const saidAnswers = (): SaidAnswers => {
  const said = new Map<string, ModelOutcome[]>()
  return {
    listenTo: (models) =>
      each(models, (call) => async (key, request, options) => {
        const outcome = await call(request, options)
        said.set(key, [...(said.get(key) ?? []), outcome])
        return outcome
      }),
    repeat(models) {
      const asked = new Map<string, number>()
      return each(models, (call) => async (key, request, options) => {
        const outcomes = said.get(key) ?? []
        const times = asked.get(key) ?? 0
        asked.set(key, times + 1)
        const heard = outcomes.at(Math.min(times, outcomes.length - 1))
        if (heard !== undefined && times >= outcomes.length) return heard
        const outcome = await call(request, options)
        return heard ?? outcome
      })
    },
  }
}

type Call = Model['call']

const each = (models: Models, callOf: (call: Call) => (key: string, ...given: Parameters<Call>) => ReturnType<Call>): Models =>
  Object.fromEntries(
    Object.entries(models).map(([provider, model]) => {
      const call = callOf((request, options) => model.call(request, options))
      return [provider, { ...model, call: (request, options) => call(sha256(canonicalJson([provider, request])), request, options) }]
    }),
  )
