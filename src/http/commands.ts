import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { AppError } from '../errors.ts'
import { giveBackRuns, type GivenBackRun } from '../runtime/commands/give-back-runs.ts'
import type { GivenCommand } from '../runtime/given-content.ts'
import type { Metadata } from '../events/metadata.ts'
import type { Tags } from '../events/tags.ts'
import type { RunState } from '../fold/run-state.ts'
import type { Json } from '../json.ts'
import { present } from '../present.ts'
import { limitChanges } from '../fold/limits.ts'
import { standingOf } from '../fold/run-view.ts'
import type { ForkOptions } from '../runtime/forks/fork-options.ts'
import type { CommandOrigin } from '../runtime/checked-input.ts'
import type { ApiParts } from './api-parts.ts'
import { commandRoutes as routes } from './command-routes.ts'
import type { GivenContent, GivenPart } from '../events/given-content.ts'
import type { Receipt } from './contract.ts'
import type { HttpEnv } from './http-env.ts'
import { toldMessage } from './problem.ts'
import { catchUpIfPossible } from './views-as-known.ts'
import type { RequireOwnRun } from './run-tenants.ts'

type Api = OpenAPIHono<HttpEnv>
type RequestContext = Context<HttpEnv>
type Grant = (c: RequestContext, command: GivenCommand) => Promise<Receipt>

/** Everything that moves a run. Only the tenant whose run it is gets so far. */
export const addCommands = (app: Api, parts: ApiParts, requireOwn: RequireOwnRun): void => {
  const grant: Grant = async (c, command) => {
    const runId = c.req.param('runId') ?? ''
    const access = c.get('access')
    await requireOwn(access, runId)
    const callId = 'callId' in command ? command.callId : undefined
    const origin = originOf(c, (key) => commandIdFor(command.type, callId, key))
    return standingOf(await parts.refold.runtime.command(runId, command, origin))
  }
  addStart(app, parts)
  addFork(app, parts, requireOwn)
  addConversation(app, grant)
  addDecisions(app, grant)
  addGiveBackAll(app, parts)
  addLifecycle(app, grant)
  addDeletion(app, parts, requireOwn)
}

interface StartRequest {
  readonly agent: string
  readonly message?: GivenContent
  readonly data?: Json
  readonly runId?: string
  readonly tags?: Tags
  readonly metadata?: Metadata
  readonly input?: Json
  readonly context?: Json
}

/** Of a command: the same key may come again with another command, or about another call. */
const commandIdFor = (command: string, callId: string | undefined, key: string): string =>
  [command, ...(callId === undefined ? [] : [callId]), key].join(':')

const keyOf = (c: RequestContext): string | undefined => c.req.header('idempotency-key')

const originOf = (c: RequestContext, commandId: (key: string) => string): CommandOrigin => {
  const key = keyOf(c)
  return {
    actor: c.get('access').name,
    ...present({ commandId: key === undefined ? undefined : commandId(key), traceparent: c.req.header('traceparent') }),
  }
}

/** Whoever holds a key says which of its people gives the command. */
const byOf = (c: RequestContext, { by }: { readonly by?: string | undefined }): string => by ?? c.get('access').name

const addStart = (app: Api, parts: ApiParts): void => {
  app.openapi(routes.start, async (c) => {
    const request = present(c.req.valid('json'))
    const state = await startOnce(c, parts, request)
    return c.json(standingOf(state), 201, { location: `/v1/runs/${state.runId}` })
  })
}

/** Of the tenant whose run it is. */
const addFork = (app: Api, parts: ApiParts, requireOwn: RequireOwnRun): void => {
  app.openapi(routes.fork, async (c) => {
    const { runId: originId } = c.req.valid('param')
    const { runId: chosen, by, ...asked } = present(c.req.valid('json'))
    const access = c.get('access')
    await requireOwn(access, originId)
    const key = keyOf(c)
    if (key !== undefined && chosen !== undefined)
      throw new AppError('InvalidInput', 'Expected a `runId` or an `Idempotency-Key`, which stands for one, found both')
    const id = key === undefined ? chosen && (await parts.startIds.ofChosen(access, chosen)) : await parts.startIds.ofKey(access, key)
    const { commandId: _, ...origin } = originOf(c, () => '')
    const options = { ...asked, by: byOf(c, { by }), ...present({ runId: id }) } as ForkOptions
    const state = await parts.refold.runtime.fork(originId, options, origin)
    return c.json(standingOf(state), 201, { location: `/v1/runs/${state.runId}` })
  })
}

const startOnce = async (c: RequestContext, parts: ApiParts, request: StartRequest): Promise<RunState> => {
  const { runtime } = parts.refold
  const access = c.get('access')
  const key = keyOf(c)
  const { agent, ...begun } = request
  const options = { ...begun, ...originOf(c, (given) => commandIdFor('start', undefined, given)), ...present({ tenant: access.tenant }) }
  if (key !== undefined && begun.runId !== undefined)
    throw new AppError('InvalidInput', 'Expected a `runId` or an `Idempotency-Key`, which stands for one, found both')
  if (key !== undefined) return runtime.start(agent, { ...options, runId: await parts.startIds.ofKey(access, key) })
  if (begun.runId !== undefined) return runtime.start(agent, { ...options, runId: await parts.startIds.ofChosen(access, begun.runId) })
  return runtime.start(agent, options)
}

const saidAs = (content: GivenContent): { readonly text: string } | { readonly parts: readonly GivenPart[] } =>
  typeof content === 'string' ? { text: content } : { parts: content }

const addConversation = (app: Api, grant: Grant): void => {
  app.openapi(routes.send, async (c) => {
    const { message, data } = c.req.valid('json')
    return c.json(await grant(c, { type: 'sendMessage', ...saidAs(message), ...present({ data }) }), 200)
  })
  app.openapi(routes.score, async (c) => {
    const { by, ...score } = c.req.valid('json')
    return c.json(await grant(c, { type: 'score', ...present(score), by: byOf(c, { by }) }), 200)
  })
  app.openapi(routes.answer, async (c) => {
    const asked = c.req.valid('json')
    return c.json(await grant(c, { type: 'answer', by: byOf(c, asked), ...saidAs(asked.text) }), 200)
  })
  app.openapi(routes.takeOver, async (c) => {
    const { note, from, ...asked } = c.req.valid('json')
    return c.json(await grant(c, { type: 'takeOver', by: byOf(c, asked), ...present({ note, from }) }), 200)
  })
  app.openapi(routes.giveBack, async (c) => {
    const asked = c.req.valid('json')
    const limits = asked.limits === undefined ? undefined : limitChanges(present(asked.limits))
    return c.json(await grant(c, { type: 'giveBack', by: byOf(c, asked), ...present({ note: asked.note, limits }) }), 200)
  })
}

const asTold = ({ runId, reason, error }: GivenBackRun) => ({
  runId,
  reason,
  ...present({ error: error && { code: error.code, message: toldMessage(error.code, error.message) } }),
})

const addGiveBackAll = (app: Api, parts: ApiParts): void => {
  app.openapi(routes.giveBackAll, async (c) => {
    const { limits, ...asked } = present(c.req.valid('json'))
    const { tenant } = c.get('access')
    const { views, runtime } = parts.refold
    const known = await catchUpIfPossible(parts)
    const wanted = { ...asked, by: byOf(c, asked), ...present({ tenant, limits: limits && present(limits) }) }
    const origin = originOf(c, (key) => commandIdFor('giveBack', undefined, key))
    const { runs, next } = await giveBackRuns({ views, command: (...given) => runtime.command(...given) }, wanted, origin)
    return c.json({ runs: runs.map(asTold), next, ...known }, 200)
  })
}

const addDecisions = (app: Api, grant: Grant): void => {
  app.openapi(routes.grant, async (c) => {
    const { callId } = c.req.valid('param')
    const asked = c.req.valid('json')
    return c.json(
      await grant(c, {
        type: 'approve',
        callId,
        by: byOf(c, asked),
        ...present({ digest: asked.digest, seen: asked.seen, input: asked.input }),
      }),
      200,
    )
  })
  app.openapi(routes.deny, async (c) => {
    const { callId } = c.req.valid('param')
    const { reason, digest, ...asked } = c.req.valid('json')
    return c.json(await grant(c, { type: 'deny', callId, by: byOf(c, asked), reason, ...present({ digest }) }), 200)
  })
  app.openapi(routes.settle, async (c) => {
    const { callId } = c.req.valid('param')
    const { outcome, ...asked } = c.req.valid('json')
    return c.json(await grant(c, { type: 'settleToolCall', callId, by: byOf(c, asked), outcome }), 200)
  })
}

const addDeletion = (app: Api, { refold }: ApiParts, requireOwn: RequireOwnRun): void => {
  app.openapi(routes.delete, async (c) => {
    const { runId } = c.req.valid('param')
    const { reason, cancel, force, ...asked } = c.req.valid('query')
    await requireOwn(c.get('access'), runId, { isDeleted: true })
    const how = { cancel: cancel === 'true', force: force === 'true', ...present({ reason }) }
    const { runs, unsettled, ...gone } = await refold.delete(runId, { by: byOf(c, asked), ...how })
    return c.json({ ...gone, runs: [...runs], unsettled: [...unsettled] }, 200)
  })
}

const addLifecycle = (app: Api, grant: Grant): void => {
  app.openapi(routes.pause, async (c) => {
    const asked = c.req.valid('json')
    return c.json(await grant(c, { type: 'pause', by: byOf(c, asked), ...present({ reason: asked.reason }) }), 200)
  })
  app.openapi(routes.reopen, async (c) => {
    const { note, ...body } = c.req.valid('json')
    return c.json(await grant(c, { type: 'reopen', by: byOf(c, body), ...present({ note }) }), 200)
  })
  app.openapi(routes.move, async (c) => {
    const { to, note, ...body } = c.req.valid('json')
    return c.json(await grant(c, { type: 'move', by: byOf(c, body), to, ...present({ note }) }), 200)
  })
  app.openapi(routes.resume, async (c) => {
    return c.json(await grant(c, { type: 'resume', by: byOf(c, c.req.valid('json')) }), 200)
  })
  app.openapi(routes.cancel, async (c) => {
    const asked = c.req.valid('json')
    return c.json(await grant(c, { type: 'cancel', by: byOf(c, asked), reason: asked.reason }), 200)
  })
  app.openapi(routes.complete, async (c) => {
    const asked = c.req.valid('json')
    return c.json(await grant(c, { type: 'complete', by: byOf(c, asked), ...present({ output: asked.output }) }), 200)
  })
  app.openapi(routes.fail, async (c) => {
    const asked = c.req.valid('json')
    return c.json(await grant(c, { type: 'fail', by: byOf(c, asked), reason: asked.reason }), 200)
  })
}
