import { AppError } from '../errors.ts'
import { providerIn } from '../models/model.ts'
import type { Agent } from './agent.ts'
import { checkIdOfRun, checkDeletion, readOptions } from './checked-input.ts'
import type { Agents } from './code/agents.ts'
import type { StartOptions } from './commands/start-run.ts'
import { createDeltas } from './deltas.ts'
import { createEraser, type DeleteOptions, type Deletion, type Eraser } from './erase.ts'
import { createRunHandle, type Run } from './run-handle.ts'
import type { RuntimeParts } from './runtime-parts.ts'
import { createRuntime, type Runtime } from './runtime.ts'

export interface Refold {
  /**
   * A new run of an agent that was given to `openRefold`; with a `runId` that exists already, that run. Rejects with `UnknownAgent`, and
   * with `InvalidInput` for what the agent cannot begin with.
   */
  start<Output, Input, Context, Data>(
    agent: Agent<Output, Input, Context, Data>,
    ...options: StartArguments<Input, Context, NoInfer<Data>>
  ): Promise<Run<Output>>
  /** Of the version of this name that was given last. */
  start(agent: string, options?: StartOptions): Promise<Run>
  /** A handle; whether there is such a run shows at its first use. Throws `InvalidInput` for what can be no id. `Output` is what the caller knows of its agent. */
  run<Output = unknown>(runId: string): Run<Output>
  /**
   * Takes a run that has ended out of the log for good, with the runs that it has started: events, payloads that nobody else names, snapshots, views.
   * Who has deleted it, when and why stays, and its id is not used again. With `cancel` it is cancelled first where it is active. May be repeated.
   * Rejects with `RunNotFound`, and with `NotPossible` where one of them is active, or, without `force`, where nobody knows what became of a call of theirs.
   */
  delete(runId: string, options: DeleteOptions & { readonly cancel?: boolean | undefined }): Promise<Deletion>
  readonly agents: Agents
  /** Finishes what is under way, for 10 s or `graceMs` at most. What is left is taken over at the next start. */
  close(options?: { readonly graceMs?: number | undefined }): Promise<void>
}

/** What a run needs to begin may be left out only where the schemas of its agent take nothing. */
export type StartArguments<Input, Context, Data = unknown> = undefined extends Input & Context
  ? readonly [options?: StartOptions<Input, Context, Data>]
  : readonly [
      options: StartOptions<Input, Context, Data> &
        (undefined extends Input ? unknown : { readonly input: Input }) &
        (undefined extends Context ? unknown : { readonly context: Context }),
    ]

export interface RefoldCore extends Refold {
  /** @internal */
  readonly runtime: Runtime
  /** @internal */
  readonly eraser: Eraser
}

const GRACE_MS = 10_000

/** Refold on given parts. `openRefold` puts the embedded ones together. */
export const createRefold = (given: Omit<RuntimeParts, 'onDelta'>): RefoldCore => {
  const deltas = createDeltas()
  const parts: RuntimeParts = { ...given, onDelta: (runId, delta) => deltas.publish(runId, delta) }
  requireProviders(parts)
  requirePrices(parts)
  requireMostLostOwners(parts)
  const runtime = createRuntime(parts)
  const eraser = createEraser(parts)
  return {
    runtime,
    eraser,
    agents: parts.agents,
    start: async <Output>(agent: string | Agent, options?: StartOptions) =>
      createRunHandle<Output>(parts, runtime, deltas, (await runtime.start(agent, options)).runId),
    run: <Output>(runId: string) => {
      checkIdOfRun(runId)
      return createRunHandle<Output>(parts, runtime, deltas, runId)
    },
    async delete(runId, given) {
      checkIdOfRun(runId)
      const asked = readOptions(given, 'who deletes the run as { by }')
      checkDeletion(asked)
      const { cancel = false, ...options } = asked
      const { by, reason = 'to be deleted' } = options
      const active = cancel ? await eraser.active(runId, options) : []
      for (const each of active) await runtime.command(each, { type: 'cancel', by, reason })
      return eraser.erase(runId, options)
    },
    async close({ graceMs = GRACE_MS } = {}) {
      await runtime.close(graceMs)
      deltas.close()
    },
  }
}

const requireMostLostOwners = ({ mostLostOwners }: RuntimeParts): void => {
  if (mostLostOwners === undefined || (Number.isSafeInteger(mostLostOwners) && mostLostOwners > 0)) return
  throw new AppError('InvalidConfiguration', `Expected mostLostOwners to be a whole number above 0, found ${mostLostOwners}`)
}

const requireProviders = ({ agents, models, remedyFor }: RuntimeParts): void => {
  for (const agent of agents.all()) {
    for (const model of agent.settings.models) {
      const provider = model.slice(0, model.indexOf('/'))
      if (providerIn(models, provider) === undefined) {
        const known = Object.keys(models).join(', ') || '(none)'
        const remedy = remedyFor?.(provider) ?? `give it in \`models\` as ${provider}`
        throw new AppError(
          'InvalidConfiguration',
          `Expected a provider for the model ${model} of ${agent.id}, found the providers ${known}: ${remedy}`,
        )
      }
    }
  }
}

/** A money limit on a model whose price nobody knows limits nothing, so it is refused. */
const requirePrices = ({ agents, costOf }: RuntimeParts): void => {
  const oneToken = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 }
  for (const agent of agents.all()) {
    if (agent.settings.limits.costMicroUsd === null) continue
    const unpriced = agent.settings.models.filter((model) => costOf(model, oneToken) === undefined)
    if (unpriced.length === 0) continue
    throw new AppError(
      'UnknownPrice',
      `${agent.id} has a money limit, but no price is known for ${unpriced.join(', ')}: give it in \`prices\`, or switch the limit off with \`limits: { costUsd: null }\``,
      { details: { agent: agent.id, models: unpriced } },
    )
  }
}
