import type { AnyStateMachine } from 'xstate'
import type { Definition } from '../../events/definition.ts'
import { FOLD_VERSION } from '../../fold/fold.ts'
import { promptHash, type Prompt } from '../../fold/prompt.ts'
import type { Guardrails } from '../../guardrails/guardrail.ts'
import { sha256 } from '../../hash.ts'
import { canonicalJson } from '../../json.ts'
import { present } from '../../present.ts'
import { codeHash } from '../../statechart/code-hash.ts'
import { functionSyntax } from '../../statechart/function-syntax.ts'
import { toolDeclaration } from '../../tools/tool-declaration.ts'
import type { Tool } from '../../tools/tool.ts'
import type { ModelEntry } from '../model-settings.ts'

interface Defined {
  /** Undefined on the standard chart. */
  readonly ownChart: AnyStateMachine | undefined
  readonly prompt: Prompt
  readonly instructions: string | ((context: never) => string) | undefined
  readonly models: readonly ModelEntry[]
  readonly prepareModelCall: ((call: never) => unknown) | undefined
  readonly tools: Iterable<Tool>
  readonly guardrails: Guardrails
}

/** What is recorded of an agent's code at the start of each of its runs. */
export const definitionOf = ({ ownChart, prompt, instructions, models, prepareModelCall, tools, guardrails }: Defined): Definition => ({
  ...present({
    code: ownChart === undefined ? undefined : codeHash(ownChart),
    instructions: typeof instructions === 'function' ? short(functionSyntax(instructions)) : undefined,
    modelCalls: modelCallsHash(models, prepareModelCall),
  }),
  promptHash: promptHash(prompt),
  tools: Object.fromEntries(
    [...tools].map((tool) => [
      tool.name,
      { effect: tool.effect, input: short(toolDeclaration(tool).inputSchema), approval: functionHash(tool, 'approval') },
    ]),
  ),
  guardrails: Object.fromEntries(
    (['input', 'output', 'action'] as const).flatMap((place) =>
      (guardrails[place] ?? []).map((guardrail) => [`${place} ${guardrail.name}`, functionHash(guardrail, 'check')]),
    ),
  ),
  fold: FOLD_VERSION,
})

const modelCallsHash = (models: readonly ModelEntry[], prepare: Defined['prepareModelCall']): string | undefined => {
  const settings = models.filter((entry) => entry.settings !== undefined)
  if (settings.length === 0 && prepare === undefined) return undefined
  return short({ settings, prepare: prepare === undefined ? null : functionSyntax(prepare) })
}

const functionHash = <Name extends string>(holder: Readonly<Record<Name, (...args: never[]) => unknown>>, name: Name): string =>
  short(functionSyntax(holder[name]))

const short = (value: unknown): string => sha256(canonicalJson(value)).slice(0, 16)
