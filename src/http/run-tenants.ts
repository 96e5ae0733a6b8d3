import { isAppError } from '../errors.ts'
import { streamOf } from '../events/codec.ts'
import type { DataOf } from '../events/run-events.ts'
import { notFound, readRun } from '../runtime/reading/run-reader.ts'
import type { RuntimeParts } from '../runtime/runtime-parts.ts'
import type { Access } from './api-keys.ts'

/** Runs whose tenant is remembered; the one looked up first is forgotten first. */
const MOST_KNOWN = 10_000

/**
 * Rejects with `RunNotFound` where there is no such run, and in the same words where it is a run of another tenant: whoever asks
 * does not learn that it exists. With `RunDeleted` where it is theirs and was deleted, unless that is fine.
 */
export type RequireOwnRun = (access: Access, runId: string, allows?: { readonly isDeleted: true }) => Promise<void>

export const requireOwnRun = (parts: Pick<RuntimeParts, 'log' | 'blobs'>): RequireOwnRun => {
  // The tenant is in the first event and never changes.
  const tenants = new Map<string, string | undefined>()

  const tenantOf = async (runId: string): Promise<string | undefined> => {
    if (tenants.has(runId)) return tenants.get(runId)
    for await (const { event } of readRun(parts, runId)) {
      const tenant = event.type === 'RunStarted' ? event.data.tenant : undefined
      const [oldest] = tenants.keys()
      if (tenants.size >= MOST_KNOWN && oldest !== undefined) tenants.delete(oldest)
      tenants.set(runId, tenant)
      return tenant
    }
    throw notFound(runId)
  }

  const requireTenant = (access: Access, runId: string, tenant: string | undefined): void => {
    if (access.tenant !== undefined && access.tenant !== tenant) throw notFound(runId)
  }

  return async (access, runId, allows) => {
    try {
      requireTenant(access, runId, await tenantOf(runId))
    } catch (error) {
      if (!isAppError(error, 'RunDeleted')) throw error
      requireTenant(access, runId, await tenantOfDeleted(parts, runId))
      if (allows?.isDeleted !== true) throw error
    }
  }
}

/** What is left of a run says whose it was. */
const tenantOfDeleted = async ({ log }: Pick<RuntimeParts, 'log'>, runId: string): Promise<string | undefined> => {
  for await (const { type, data } of log.readStream(streamOf(runId)))
    if (type === 'DeletionRequested') return (JSON.parse(data) as DataOf<'DeletionRequested'>).tenant
  return undefined
}
