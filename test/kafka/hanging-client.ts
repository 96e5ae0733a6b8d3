import { createRequire } from 'node:module'
import { KafkaJSProtocolError } from 'kafkajs'

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

type Produce = (this: unknown, request: unknown) => Promise<unknown>

/** Lets the next request of any kafkajs producer of this process hang for ever. */
export const hangNextSend = (): void => {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/broker') as { readonly prototype: { produce: Produce } }
  const produce = prototype.produce
  prototype.produce = () => {
    prototype.produce = produce
    return new Promise(() => undefined)
  }
}

type AddTopics = (this: unknown, topics: readonly string[]) => Promise<unknown>

/** Lets every broker of any kafkajs client of this process say that it knows no topic, as one that has just begun may do. Returns what ends it. */
export const forgetTopics = (): (() => void) => {
  const require = createRequire(import.meta.url)
  const { prototype } = require('kafkajs/src/cluster') as { readonly prototype: { addMultipleTargetTopics: AddTopics } }
  const addTopics = prototype.addMultipleTargetTopics
  prototype.addMultipleTargetTopics = () => {
    const message = 'This server does not host this topic-partition'
    return Promise.reject(
      new KafkaJSProtocolError(Object.assign(new Error(message), { type: 'UNKNOWN_TOPIC_OR_PARTITION', retriable: true })),
    )
  }
  return () => {
    prototype.addMultipleTargetTopics = addTopics
  }
}
