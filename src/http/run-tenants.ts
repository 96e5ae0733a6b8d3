import { notFound, readRun } from '../runtime/run-reader.ts'
import type { RuntimeParts } from '../runtime/runtime-parts.ts'
import type { Access } from './api-keys.ts'

/** Runs whose tenant is remembered; the one looked up first is forgotten first. */
const MOST_KNOWN = 10_000

/**
 * Rejects with `RunNotFound` where there is no such run, and in the same words where it is a run of another tenant: whoever asks
 * does not learn that it exists.
 */
export type RequireOwnRun = (access: Access, runId: string) => Promise<void>

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

  return async (access, runId) => {
    const tenant = await tenantOf(runId)
    if (access.tenant !== undefined && access.tenant !== tenant) throw notFound(runId)
  }
}
