import { createRequire } from 'node:module'

// Two defects of kafkajs 2.2.4 that no option mends.

const require = createRequire(import.meta.url)
let isMended = false

/** To be called before the first request of a client, since the client loads what it decodes with no sooner. */
export const mendKafkaJs = (): void => {
  if (isMended) return
  isMended = true
  stopIdleTimers()
  stepOverEmptyBatches()
}

interface RequestQueue {
  readonly pending: readonly unknown[]
}

interface RequestQueuePrototype {
  scheduleCheckPendingRequests: (this: RequestQueue) => void
}

/**
 * It arms a timer of a negative delay for ever where nothing waits: 1,750 a second and 6 % of a core for one idle consumer, and a warning
 * on Node 24. With nothing pending there is nothing to check: the next request checks by itself.
 */
const stopIdleTimers = (): void => {
  const { prototype } = require('kafkajs/src/network/requestQueue') as { readonly prototype: RequestQueuePrototype }
  const schedule = prototype.scheduleCheckPendingRequests
  prototype.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0) schedule.call(this)
  }
}

interface RecordBatch {
  readonly firstOffset: string
  readonly lastOffsetDelta: number
  readonly records: readonly unknown[]
}

type Decode = (decoder: unknown) => Promise<RecordBatch>

/**
 * Compaction leaves the newest batch of each producer behind, without its records. Where an answer holds nothing else, a consumer asks for the
 * same offset again, for ever. With a control record in its place, which nobody is handed, it goes on behind the batch.
 */
const stepOverEmptyBatches = (): void => {
  const path = require.resolve('kafkajs/src/protocol/recordBatch/v0/decoder')
  const decode = require(path) as Decode
  const module = require.cache[path]
  if (module === undefined) throw new Error(`expected the decoder of kafkajs at ${path}`)
  module.exports = async (decoder: unknown): Promise<RecordBatch> => {
    const batch = await decode(decoder)
    return batch.records.length > 0 ? batch : { ...batch, records: [controlRecord(batch)] }
  }
}

const controlRecord = (batch: RecordBatch): unknown => ({
  offset: String(BigInt(batch.firstOffset) + BigInt(batch.lastOffsetDelta)),
  key: null,
  value: null,
  headers: {},
  isControlRecord: true,
  batchContext: batch,
})
