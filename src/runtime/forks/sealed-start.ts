import { AppError } from '../../errors.ts'
import type { DataOf } from '../../events/run-events.ts'
import { present } from '../../present.ts'
import type { Agent } from '../agent.ts'
import type { StartOptions } from '../commands/start-run.ts'
import { readRun } from '../reading/run-reader.ts'
import type { RuntimeParts } from '../runtime-parts.ts'
import { sealOf } from '../seal-options.ts'
import { checkSeal } from './check-seal.ts'

/**
 * How the seal of a run that begins with one is recorded. Throws `InvalidInput` and `UnknownPrice` for what cannot hold, `RunNotFound` where the
 * run whose record answers is not there, or is another tenant's.
 */
export const sealedStartOf = async (
  parts: RuntimeParts,
  agent: Agent,
  { sealed, tenant }: Pick<StartOptions, 'sealed' | 'tenant'>,
): Promise<DataOf<'RunStarted'>['sealed']> => {
  if (sealed === undefined) return undefined
  const { model, record } = sealed
  const { settings } = agent
  const models = model === undefined ? settings.models : [model]
  checkSeal(parts, agent, { ...sealed, settings: { models }, limits: settings.limits })
  return { seal: sealOf(sealed), ...present({ record: record === undefined ? undefined : await recordOf(parts, record, tenant) }) }
}

const recordOf = async (parts: RuntimeParts, runId: string, tenant: string | undefined): Promise<{ runId: string; revision: number }> => {
  let revision = 0
  for await (const { event } of readRun(parts, runId)) {
    // A run of no tenant is one of whoever runs the service, who sees them all.
    if (event.type === 'RunStarted' && tenant !== undefined && event.data.tenant !== tenant)
      throw new AppError('RunNotFound', `Expected a run ${runId} of the same tenant, found none`, { details: { runId } })
    revision = event.revision
  }
  return { runId, revision }
}
