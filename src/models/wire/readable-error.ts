import { statedError } from './stated-error.ts'

/** Errors are short; a server that answers with more is cut off. */
const LONGEST_ERROR_BYTES = 64 * 1024

/**
 * A response that is no success, with its error where the vendors' clients look for it: they read `{error: {…}}` alone and lose what
 * other servers say. Any other response is returned as it is.
 */
export const withReadableError = async (response: Response): Promise<Response> => {
  if (response.ok || response.body === null) return response
  const text = await beginningOf(response.body)
  return new Response(readable(text) ?? text, { status: response.status, statusText: response.statusText, headers: headersOf(response) })
}

/** The body is decoded and may have another length. */
const headersOf = ({ headers }: Response): Headers => {
  const kept = new Headers(headers)
  kept.delete('content-length')
  kept.delete('content-encoding')
  return kept
}

const readable = (text: string): string | undefined => {
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null && 'error' in body && typeof body.error === 'object') return undefined
    const error = statedError(body)
    return error && JSON.stringify({ error: { message: error.message, code: error.codes[0] ?? null, type: error.codes[1] ?? null } })
  } catch {
    return undefined
  }
}

const beginningOf = async (body: ReadableStream<Uint8Array>): Promise<string> => {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true })
    bytes += chunk.byteLength
    if (bytes >= LONGEST_ERROR_BYTES) break
  }
  return text
}
