import type { OpenAPIHono } from '@hono/zod-openapi'
import { present } from '../present.ts'
import type { SearchedRuns } from '../views/run-search.ts'
import type { ApiParts } from './api-parts.ts'
import { createChangeFeed, type Change, type ChangeFeed, type Following } from './change-feed.ts'
import { streamFrames, type Frame, type FrameSource } from './frame-stream.ts'
import type { HttpEnv } from './http-env.ts'
import { listedRun } from './listed-run.ts'
import { runListRoutes as routes } from './run-list-routes.ts'
import { catchUpIfPossible } from './views-as-known.ts'

const MICRO = 1_000_000

/** The list of runs, and what changes in it. A key of a tenant sees its own runs, whatever it asks for. */
export const addRunLists = (app: OpenAPIHono<HttpEnv>, parts: ApiParts): void => {
  const { refold, clock } = parts
  const feed = createChangeFeed(parts)
  app.openapi(routes.list, async (c) => {
    const { status, waitsFor, standing, stuck, order, limit, cursor, counts, q, minCostUsd, ...others } = c.req.valid('query')
    const { tenant = others.tenant } = c.get('access')
    const known = await catchUpIfPossible(parts)
    const filter: SearchedRuns = present({
      ...others,
      tenant,
      words: q,
      minCostMicroUsd: minCostUsd === undefined ? undefined : Math.round(minCostUsd * MICRO),
    })
    const now = clock.now()
    const { runs, next } = await refold.views.find(
      { ...filter, ...present({ status, waitsFor, standing, stuck, cursor }), order, limit },
      now,
    )
    const counted = counts === 'true' ? { counts: await refold.views.count(filter, now) } : {}
    return c.json({ runs: runs.map(listedRun), next, ...counted, ...known }, 200)
  })
  app.openapi(routes.changes, (c) => {
    const { tenant: wanted, counts } = c.req.valid('query')
    const { tenant = wanted } = c.get('access')
    const lastEventId = c.req.valid('header')['last-event-id']
    return streamFrames(
      c,
      parts,
      framesOf(feed, {
        tenant,
        withCounts: counts === 'true',
        after: lastEventId === undefined ? undefined : Number(lastEventId),
      }),
    )
  })
}

const framesOf = (feed: ChangeFeed, following: Following): FrameSource => ({
  async *frames(signal): AsyncGenerator<Frame> {
    // Whoever goes on has an id already, and has not missed less by having begun.
    for await (const change of feed.follow(following, signal)) yield frameOf(change, following.after === undefined)
  },
})

const frameOf = (change: Change, beginsHere: boolean): Frame => {
  switch (change.kind) {
    case 'begin':
      return {
        event: 'begin',
        ...(beginsHere && { id: String(change.position) }),
        data: JSON.stringify({ log: change.log, position: change.position }),
      }
    case 'rows':
      return { event: 'rows', id: String(change.position), data: JSON.stringify({ rows: change.runs.map(listedRun) }) }
    case 'counts':
      return { event: 'counts', data: JSON.stringify(change.counts) }
    case 'reload':
      return { event: 'reload', id: String(change.position), data: JSON.stringify({ position: change.position }) }
  }
}
