import { setTimeout as pause } from 'node:timers/promises'

const PAUSE_BEFORE_RETRY_MS = 200
const PATIENCE_MS = 5_000

/** As a client does that wants its run, once: the same request with the same key until it is granted. Resolves with the id of the run. */
export const startOverHttp = async (url: string, key: string, body: Readonly<Record<string, unknown>>): Promise<string> => {
  for (;;) {
    const granted = await tryOnce(url, key, body)
    if (granted !== undefined) return granted
    await pause(PAUSE_BEFORE_RETRY_MS)
  }
}

/** Undefined where there was no answer, or one that says that it may succeed later. */
const tryOnce = async (url: string, key: string, body: Readonly<Record<string, unknown>>): Promise<string | undefined> => {
  let response: Response
  let text: string
  try {
    response = await fetch(`${url}/v1/runs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    text = await response.text()
  } catch {
    return undefined
  }
  const answer = JSON.parse(text) as { readonly runId?: string; readonly retryable?: boolean }
  if (answer.runId !== undefined) return answer.runId
  if (answer.retryable === true) return undefined
  throw new Error(`expected a run of ${key}, found ${response.status}: ${text}`)
}
