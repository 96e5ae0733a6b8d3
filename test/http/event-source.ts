/** One frame of an event stream. */
export interface Frame {
  readonly event?: string
  readonly id?: string
  readonly data?: string
  readonly comment?: string
  readonly retry?: string
}

export interface Stream extends AsyncIterable<Frame> {
  readonly status: number
  readonly headers: Headers
  /** Drops the connection, as a network does. */
  drop(): void
}

/** Connects as a browser would, and reads frame by frame. */
export const connect = async (url: string, headers: Readonly<Record<string, string>> = {}): Promise<Stream> => {
  const connection = new AbortController()
  const response = await fetch(url, { headers: { accept: 'text/event-stream', ...headers }, signal: connection.signal })
  return {
    status: response.status,
    headers: response.headers,
    drop: () => {
      connection.abort()
    },
    [Symbol.asyncIterator]: () => frames(response.body),
  }
}

async function* frames(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Frame> {
  let text = ''
  for await (const piece of (body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    text += piece
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      yield frameOf(text.slice(0, end))
      text = text.slice(end + 2)
    }
  }
}

const frameOf = (text: string): Frame =>
  Object.fromEntries(
    text.split('\n').map((line) => {
      const colon = line.indexOf(':')
      return [colon === 0 ? 'comment' : line.slice(0, colon), line.slice(colon + 1).trimStart()]
    }),
  )

/** The frames up to the first that fits; all of them where none does. */
export const framesUntil = async (stream: Stream, fits: (frame: Frame) => boolean): Promise<Frame[]> => {
  const seen: Frame[] = []
  for await (const frame of stream) {
    seen.push(frame)
    if (fits(frame)) break
  }
  return seen
}

/** Revisions of the events among the frames. */
export const revisionsOf = (seen: readonly Frame[]): number[] => seen.filter(({ event }) => event === 'event').map(({ id }) => Number(id))
