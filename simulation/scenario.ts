import type { StartOptions } from '../src/runtime/commands/start-run.ts'
import type { Chance } from '../src/evals/statistics/chance.ts'

/** How a run begins. What becomes of it, the plans in its messages say. */
export interface Scenario {
  readonly agent: string
  readonly options: StartOptions
}

const toolsOf: Readonly<Record<string, [string, ...string[]]>> = {
  desk: ['read', 'note', 'pay', 'ship', 'sign', 'post', 'single', 'metered', 'single', 'mumble', 'nonsense', 'order', 'order'],
  guarded: ['read', 'note', 'pay', 'pay', 'ship'],
  clerk: ['read', 'note', 'ship', 'mumble'],
  frugal: ['read', 'note', 'pay'],
}

const endings: Readonly<Record<string, [string, ...string[]]>> = {
  guarded: ['say fine', 'say something rude', 'say my card'],
  clerk: ['say done', 'wrong', 'wrong; wrong; say late'],
}

const prefixes: Readonly<Record<string, [string, ...string[]]>> = {
  guarded: ['', '', 'secret ', 'curse '],
}

/** A message that says what the model will do about it. */
export const drawPlan = (chance: Chance, agent: string): string => {
  const tools = toolsOf[agent] ?? ['read']
  const answers = Array.from({ length: chance.below(5) }, () => drawAnswer(chance, tools))
  const ending = chance.pick(endings[agent] ?? ['say done'])
  const suffix = chance.pick(prefixes[agent] ?? [''])
  return `plan: ${[...answers, `${ending}${suffix === '' ? '' : ` ${suffix.trim()}`}`].join('; ')}`
}

const drawAnswer = (chance: Chance, tools: [string, ...string[]]): string => {
  const calls = Array.from({ length: chance.pick([1, 1, 2, 3]) }, () => drawCall(chance, chance.pick(tools)))
  return `${chance.hits(0.1) ? 'stubborn ' : ''}${calls.join(' + ')}`
}

/** There are few orders, so that one is given again. */
const drawCall = (chance: Chance, tool: string): string => `${tool} ${chance.below(tool === 'order' ? 3 : 14)}`

export const drawScenario = (chance: Chance): Scenario => {
  const agent = chance.pick(['desk', 'desk', 'guarded', 'clerk', 'frugal', 'trip', 'trip', 'trip'])
  if (agent === 'trip') return { agent, options: { input: { n: chance.below(10) } } }
  return { agent, options: chance.hits(0.05) ? {} : { message: drawPlan(chance, agent) } }
}
