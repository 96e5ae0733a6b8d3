import { textContent } from '../../events/content.ts'
import type { ModelSettings } from '../../events/model-settings.ts'
import { asideOf } from '../../fold/prompt.ts'
import type { Owed, RunState } from '../../fold/run-state.ts'
import type { CallModelParams } from '../../machines/intents.ts'
import type { ModelRequest } from '../../models/model.ts'
import { present } from '../../present.ts'
import { messagesOf } from '../../projections/transcript.ts'
import type { Agent } from '../agent.ts'

/** Built from the run's fold and nothing else: the same log gives the same request, byte for byte. `model` is `provider/model`. */
export const modelRequest = (agent: Agent, state: RunState, owed: Owed, model: string): ModelRequest => {
  const { prompt } = agent
  const params = owed.params as CallModelParams
  const aside = asideOf(params)
  const isAnswer = aside === undefined && params.purpose !== 'wrapUp'
  const slash = model.indexOf('/')
  const { toolChoice = 'auto', providerOptions, ...settings } = settingsOf(agent, owed)
  const options = providerOptions?.[model.slice(0, slash)]
  return {
    model: model.slice(slash + 1),
    instructions: aside?.instructions ?? instructionsOf(agent, state),
    messages: aside === undefined ? messagesOf(state.transcript) : [{ role: 'user', parts: textContent(aside.prompt) }],
    tools: aside === undefined ? prompt.tools : [],
    toolChoice: isAnswer ? toolChoice : 'none',
    settings: Object.freeze(settings),
    ...(prompt.output === undefined || !isAnswer ? {} : { output: prompt.output }),
    ...present({ providerOptions: options }),
  }
}

const instructionsOf = ({ prompt }: Agent, { fork, started }: RunState): string =>
  fork?.instructions ?? started.instructions ?? prompt.instructions

/** As the claim has recorded them. Claims of before have not: those of the agent held. */
export const settingsOf = ({ modelSettings }: Agent, { settings = modelSettings }: Owed): ModelSettings => settings
