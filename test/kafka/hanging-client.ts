import { createRequire } from 'node:module'

type Fetch = (this: unknown, nodeId: unknown) => Promise<unknown>

/** Lets the next fetch of any kafkajs consumer of this process hang for ever, as clients of lost coordinators were seen to do. */
export const hangNextFetch = (): { readonly hung: Promise<unknown> } => {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/consumer/consumerGroup') as { readonly prototype: { fetch: Fetch } }
  const hung = Promise.withResolvers<undefined>()
  const fetch = prototype.fetch
  prototype.fetch = () => {
    prototype.fetch = fetch
    hung.resolve(undefined)
    return new Promise(() => undefined)
  }
  return { hung: hung.promise }
}
