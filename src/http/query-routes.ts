import { agentList } from './agent-contract.ts'
import { createRoute } from '@hono/zod-openapi'
import { z } from 'zod'
import {
  blobBytes,
  blobPath,
  delta,
  eventPage,
  eventsHeaders,
  eventsQuery,
  run,
  runEvent,
  runPath,
  stateQuery,
  transcript,
  verification,
} from './contract.ts'
import { answers, guardedBy } from './route-parts.ts'

const STREAM =
  'With `Accept: text/event-stream`: every event under `event`, with its revision as id, then live; the stream ends after the last event of the run. ' +
  'With `deltas=true` also the text of answers as it is written, under `delta`: not repeated, and only from models called in this process. A `reset` makes all text of that attempt void. What guardrails check comes whole once it is accepted.'

const lookingAt = { params: runPath, query: stateQuery }

export const queryRoutes = {
  get: createRoute({
    method: 'get',
    path: '/v1/runs/{runId}',
    operationId: 'getRun',
    summary: 'What a run is now, or was at a revision.',
    tags: ['Runs'],
    ...guardedBy('read'),
    request: lookingAt,
    responses: answers('The run.', run),
  }),
  transcript: createRoute({
    method: 'get',
    path: '/v1/runs/{runId}/transcript',
    operationId: 'getTranscript',
    summary: 'The conversation of a run now, or at a revision.',
    tags: ['Runs'],
    ...guardedBy('read'),
    request: lookingAt,
    responses: answers('The conversation.', transcript),
  }),
  events: createRoute({
    method: 'get',
    path: '/v1/runs/{runId}/events',
    operationId: 'getEvents',
    summary: 'The events of a run, as a page or as a live stream.',
    description: STREAM,
    tags: ['Runs'],
    ...guardedBy('read'),
    request: { params: runPath, query: eventsQuery, headers: eventsHeaders },
    responses: {
      200: {
        description: 'A page of events, or a stream of them.',
        content: {
          'application/json': { schema: eventPage },
          'text/event-stream': { schema: z.union([runEvent, delta]) },
        },
      },
      204: { description: 'To a stream that begins behind the last event of the run: there is nothing to wait for.' },
    },
  }),
  blob: createRoute({
    method: 'get',
    path: '/v1/runs/{runId}/blobs/{hash}',
    operationId: 'getBlob',
    summary: 'The bytes of a picture or file that was said in a run.',
    description: 'Always as an attachment: a browser shows and runs nothing of it.',
    tags: ['Runs'],
    ...guardedBy('read'),
    request: { params: blobPath },
    responses: { 200: { description: 'The bytes.', content: { 'application/octet-stream': { schema: blobBytes } } } },
  }),
  verify: createRoute({
    method: 'get',
    path: '/v1/runs/{runId}/verification',
    operationId: 'verifyRun',
    summary: 'Refolds a run and compares it with what was recorded. Calls no model and no tool.',
    tags: ['Runs'],
    ...guardedBy('read'),
    request: { params: runPath },
    responses: answers('Whether it refolds, and where it differs if not.', verification),
  }),
  agents: createRoute({
    method: 'get',
    path: '/v1/agents',
    operationId: 'listAgents',
    summary: 'The agents that runs can be started with.',
    tags: ['Agents'],
    ...guardedBy('read'),
    responses: answers('All agents, in all versions.', agentList),
  }),
} as const
