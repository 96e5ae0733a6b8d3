import type { OpenAnswer } from './answer-stream.ts'

/** What a client's call promises, before anybody has read its answer. */
interface BegunCall {
  asResponse(): Promise<Response>
  withResponse(): Promise<{
    readonly data: AsyncIterable<unknown>
    readonly response: Response
    readonly request_id?: string | null | undefined
  }>
}

/** Without streaming the client would read the answer itself, and take whatever comes for one. */
export const beginAnswer = async (streams: boolean, call: (streams: boolean) => BegunCall): Promise<OpenAnswer> => {
  if (streams) {
    const { data, response, request_id: requestId } = await call(true).withResponse()
    return { events: data, response, requestId: requestId ?? null }
  }
  const response = await call(false).asResponse()
  return { response, requestId: response.headers.get('x-request-id') ?? response.headers.get('request-id') }
}
