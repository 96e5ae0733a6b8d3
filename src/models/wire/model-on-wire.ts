import type { JsonObject } from '../../json.ts'
import type { Model, ModelCallOptions, ModelFailure, ModelRequest, WrittenRequest } from '../model.ts'
import { beginAnswer, readAnswer, type BegunCall, type StreamReader } from './answer-stream.ts'
import { attempt, type Line, type ProviderAccess } from './attempt.ts'
import { askConceding, learnedConcessions, type Conceded, type Concession } from './concessions.ts'
import { shownMedia, type ShownMedia, type Takes } from './shown-media.ts'

interface Written<Body> {
  readonly body: Body
  /** What was asked for and this wire does not carry. */
  readonly dropped: readonly string[]
  readonly offered: readonly Concession[]
}

/** A vendor's package, as far as a wire needs it. */
export interface VendorSdk<Client> {
  readonly open: (access: ProviderAccess, line: Line) => Client
  /** What its client threw, as a failure; undefined for what is none of its errors. */
  readonly failureOf: (thrown: unknown) => ModelFailure | undefined
}

/** What tells one wire from another. */
export interface Wire<Client, Body> {
  /** Where calls go by default, and how. */
  readonly address: Pick<WrittenRequest, 'headers' | 'key'> & { readonly base: string; readonly path: string }
  readonly takes: Takes
  /** Called with the first call: the package is a third of what the product takes to start. */
  readonly sdk: () => Promise<VendorSdk<Client>>
  readonly write: (request: ModelRequest, conceded: Conceded, shown: ShownMedia) => Written<Body>
  /** The body says whether the answer is streamed. */
  readonly send: (client: Client, body: Body & { readonly stream: true }, options: { readonly signal: AbortSignal }) => BegunCall
  /** Called with the first call as well. */
  readonly reader: () => Promise<(onDelta: ModelCallOptions['onDelta']) => StreamReader>
}

/** A model that is asked over a wire: one attempt a call. `chosen` is what its server is known not to take. */
export const modelOnWire = <Client, Body>(access: ProviderAccess, wire: Wire<Client, Body>, chosen?: Conceded): Model => {
  const learned = learnedConcessions(chosen)
  return {
    async call(request, options) {
      const shown = await shownMedia(request, wire.takes, options)
      const { open, failureOf } = await wire.sdk()
      const reader = await wire.reader()
      const talk = (line: Line) =>
        askConceding(request, {
          learned,
          write: (conceded) => wire.write(request, conceded, shown),
          failureOf,
          ask: async ({ body, dropped }: Written<Body>, streams) => {
            const client = open(access, line)
            const answer = await beginAnswer(streams, (stream) =>
              wire.send(client, { ...body, stream: stream as true }, { signal: line.signal }),
            )
            return readAnswer(answer, reader(options.onDelta), request, dropped)
          },
        })
      return attempt(access, options, talk, failureOf)
    },
    async written(request, options) {
      const { base, path, headers, key } = wire.address
      const { body, dropped } = wire.write(request, learned.of(request), await shownMedia(request, wire.takes, options))
      // What a caller has put behind `?` may be a secret, and so may headers of its own.
      const { origin, pathname } = new URL(access.baseUrl ?? base)
      return {
        url: `${origin}${pathname.replace(/\/$/, '')}${path}`,
        headers: { 'content-type': 'application/json', ...headers },
        key,
        body: body as JsonObject,
        dropped,
      }
    },
  }
}
