import { startRun, deleteQuery, deletion, giveRunsBack, givenBackRuns, takeRunOver } from './command-contract.ts'
import { createRoute } from '@hono/zod-openapi'
import type { z } from 'zod'
import {
  answerRun,
  callPath,
  completeRun,
  denyApproval,
  endRun,
  giveRunBack,
  grantApproval,
  moveRun,
  pauseRun,
  receipt,
  reopenRun,
  resumeRun,
  runPath,
  sendMessage,
  settleToolCall,
  commandHeaders,
} from './contract.ts'
import { forkRun } from './fork-contract.ts'
import { scoreRun } from './score-contract.ts'
import { answers, body, guardedBy, optionalBody } from './route-parts.ts'

const created = {
  201: {
    description: 'It is recorded; `Location` leads to the run.',
    headers: { location: { schema: { type: 'string' }, required: true } },
    content: { 'application/json': { schema: receipt } },
  },
} as const

const granted = answers('It is recorded.', receipt)

interface CommandRoute<Path, Body> {
  readonly path: Path
  readonly operationId: string
  readonly summary: string
  readonly body: Body
}

type JsonBody = ReturnType<typeof body<z.ZodType>> | ReturnType<typeof optionalBody<z.ZodType>>

/** What people decide about a run. */
const onRun = <Path extends string, Body extends JsonBody>({ path, operationId, summary, body: asked }: CommandRoute<Path, Body>) =>
  createRoute({
    method: 'post',
    path: `/v1/runs/{runId}/${path}`,
    operationId,
    summary,
    tags: ['Operate'],
    ...guardedBy('operate'),
    request: { params: runPath, headers: commandHeaders, body: asked },
    responses: granted,
  })

/** What people decide about a call of a run. */
const onCall = <Path extends string, Body extends JsonBody>({ path, operationId, summary, body: asked }: CommandRoute<Path, Body>) =>
  createRoute({
    method: 'post',
    path: `/v1/runs/{runId}/${path}`,
    operationId,
    summary,
    tags: ['Operate'],
    ...guardedBy('operate'),
    request: { params: callPath, headers: commandHeaders, body: asked },
    responses: granted,
  })

export const commandRoutes = {
  fork: createRoute({
    method: 'post',
    path: '/v1/runs/{runId}/forks',
    operationId: 'forkRun',
    summary: 'Begins a run of its own from a revision of another, in which nothing has an effect but what is named.',
    tags: ['Operate'],
    ...guardedBy('operate'),
    request: { params: runPath, headers: commandHeaders, body: body(forkRun) },
    responses: created,
  }),
  start: createRoute({
    method: 'post',
    path: '/v1/runs',
    operationId: 'startRun',
    summary: 'Starts a run. With an idempotency key, the same request is the same run.',
    tags: ['Runs'],
    ...guardedBy('write'),
    request: { headers: commandHeaders, body: body(startRun) },
    responses: created,
  }),
  send: createRoute({
    method: 'post',
    path: '/v1/runs/{runId}/messages',
    operationId: 'sendMessage',
    summary: 'Says something to the agent. In the middle of a turn it waits for the next prompt.',
    tags: ['Runs'],
    ...guardedBy('write'),
    request: { params: runPath, headers: commandHeaders, body: body(sendMessage) },
    responses: granted,
  }),
  score: createRoute({
    method: 'post',
    path: '/v1/runs/{runId}/scores',
    operationId: 'scoreRun',
    summary: 'Says what somebody makes of a run; also of one that has ended. It changes nothing of how the run goes on.',
    tags: ['Runs'],
    ...guardedBy('write'),
    request: { params: runPath, headers: commandHeaders, body: body(scoreRun) },
    responses: granted,
  }),
  grant: onCall({
    path: 'approvals/{callId}/grant',
    operationId: 'grantApproval',
    summary: 'Grants what a run asks approval for, perhaps with other arguments.',
    body: optionalBody(grantApproval),
  }),
  deny: onCall({
    path: 'approvals/{callId}/deny',
    operationId: 'denyApproval',
    summary: 'Denies what a run asks approval for.',
    body: body(denyApproval),
  }),
  settle: onCall({
    path: 'tool-calls/{callId}/settlement',
    operationId: 'settleToolCall',
    summary: 'Settles a call of which nobody knows whether it happened.',
    body: body(settleToolCall),
  }),
  answer: onRun({
    path: 'answer',
    operationId: 'answerRun',
    summary: 'Answers for the agent of a run that a person owns.',
    body: body(answerRun),
  }),
  takeOver: onRun({
    path: 'take-over',
    operationId: 'takeRunOver',
    summary: 'Takes a run over from its agent, whatever it does: no model call begins or goes on until it is given back.',
    body: optionalBody(takeRunOver),
  }),
  giveBack: onRun({
    path: 'give-back',
    operationId: 'giveRunBack',
    summary: 'Lets the agent go on with a run that a person owns or has taken over.',
    body: optionalBody(giveRunBack),
  }),
  giveBackAll: createRoute({
    method: 'post',
    path: '/v1/give-back',
    operationId: 'giveRunsBack',
    summary: 'Lets agents go on with all runs that a person owns, or with some of them; a part at a time.',
    tags: ['Operate'],
    ...guardedBy('operate'),
    request: { headers: commandHeaders, body: optionalBody(giveRunsBack) },
    responses: answers('What came of each of them.', givenBackRuns),
  }),
  pause: onRun({
    path: 'pause',
    operationId: 'pauseRun',
    summary: 'Lets a run begin nothing new until it is resumed.',
    body: optionalBody(pauseRun),
  }),
  reopen: onRun({
    path: 'reopen',
    operationId: 'reopenRun',
    summary: 'Lets a run go on that a defect of its agent has failed, once that is repaired.',
    body: optionalBody(reopenRun),
  }),
  move: onRun({
    path: 'move',
    operationId: 'moveRun',
    summary: 'Lets a run go on with another version of its agent, if that explains all that has happened.',
    body: body(moveRun),
  }),
  resume: onRun({ path: 'resume', operationId: 'resumeRun', summary: 'Lets a paused run go on.', body: optionalBody(resumeRun) }),
  delete: createRoute({
    method: 'delete',
    path: '/v1/runs/{runId}',
    operationId: 'deleteRun',
    summary: 'Takes a run that has ended out of the log for good, with the runs that it has started. May be repeated.',
    tags: ['Operate'],
    ...guardedBy('delete'),
    request: { params: runPath, query: deleteQuery },
    responses: answers('It is gone.', deletion),
  }),
  cancel: onRun({ path: 'cancel', operationId: 'cancelRun', summary: 'Ends a run, whatever it does.', body: body(endRun) }),
  complete: onRun({
    path: 'complete',
    operationId: 'completeRun',
    summary: 'Ends a run that waits for a message or is owned by a person, as done.',
    body: optionalBody(completeRun),
  }),
  fail: onRun({ path: 'fail', operationId: 'failRun', summary: 'Ends a run that a person owns, as failed.', body: body(endRun) }),
} as const
