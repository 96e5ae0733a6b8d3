import { canonicalJson } from '../../json.ts'
import type { Agent } from '../../runtime/agent.ts'
import { ToolFailure, type Effect, type Tool } from '../../tools/tool.ts'

/** What was done under one idempotency key, over all processes. */
export interface DoneEffect {
  readonly tool: string
  readonly effect: Effect
  readonly input: string
  readonly key: string
  /** Attempts that may have had an effect. */
  times: number
}

export interface CountedEffects {
  /** The same agent, whose tools are counted. */
  readonly counting: (agent: Agent) => Agent
  readonly done: () => readonly DoneEffect[]
}

export const countedEffects = (): CountedEffects => {
  const effects = new Map<string, DoneEffect>()
  const count = ({ name, effect }: Tool, key: string, input: unknown): DoneEffect => {
    const id = canonicalJson([name, key])
    const done = effects.get(id) ?? { tool: name, effect, input: canonicalJson(input), key, times: 0 }
    effects.set(id, done)
    done.times += 1
    return done
  }
  const counted = (tool: Tool): Tool => ({
    ...tool,
    async execute(input, context) {
      const done = count(tool, context.idempotencyKey, input)
      try {
        return await tool.execute(input, context)
      } catch (error) {
        if (error instanceof ToolFailure && error.happened === false) done.times -= 1
        throw error
      }
    },
  })
  return {
    counting: (agent) => ({ ...agent, tools: new Map([...agent.tools].map(([name, tool]) => [name, counted(tool)])) }),
    done: () => [...effects.values()],
  }
}

/** Whatever is not as the effect of its tool promises, in words; `undisturbed` is what was done where nobody died. */
export const brokenPromises = (
  done: readonly DoneEffect[],
  undisturbed: readonly DoneEffect[],
  { askedPerson }: { readonly askedPerson: boolean },
): readonly string[] => [
  ...done
    .filter(({ effect, times }) => effect === 'once' && times > 1)
    .map(({ tool, input, times }) => `${tool} ${input} is to be done once and was done ${times} times`),
  ...actsOf([...done, ...undisturbed]).flatMap(([act, { tool, input }]) => {
    const found = keysOf(done, act)
    const expected = keysOf(undisturbed, act)
    if (found > expected)
      return [`${tool} ${input} was done under ${found} keys in place of ${expected}: nobody outside can tell that they are the same`]
    return found < expected && !askedPerson
      ? [`${tool} ${input} was done ${found} times in place of ${expected}, and nobody was asked`]
      : []
  }),
]

const keysOf = (effects: readonly DoneEffect[], act: string): number =>
  effects.filter((effect) => actOf(effect) === act && effect.times > 0).length

const actOf = ({ tool, input }: DoneEffect): string => `${tool} ${input}`

/** Reads may come as often as they like. */
const actsOf = (effects: readonly DoneEffect[]): readonly (readonly [string, DoneEffect])[] => [
  ...new Map(effects.filter(({ effect }) => effect !== 'read').map((effect) => [actOf(effect), effect])),
]
