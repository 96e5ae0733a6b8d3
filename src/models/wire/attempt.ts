import { AppError, isAppError, messageOf } from '../../errors.ts'
import { classifyThrown, connectionCause } from './classify.ts'
import { refuseUnknownOptions, type OptionNames } from '../../known-options.ts'
import { withoutPasswordsOf, withoutSecrets } from '../../secrets.ts'
import { excerpt } from '../excerpt.ts'
import type { ModelCallOptions, ModelFailure, ModelOutcome } from '../model.ts'
import { withReadableError } from './stated-error.ts'

export type Fetch = typeof globalThis.fetch

/** How to reach a provider. Nothing is read from the environment. */
export interface ProviderAccess {
  readonly apiKey: string
  /** For a compatible server or a proxy; without it the vendor's own address. */
  readonly baseUrl?: string | undefined
  readonly fetch?: Fetch | undefined
  /** Sent with each request, such as `anthropic-version` for a server that knows only an older one. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

export const accessOptions: OptionNames<ProviderAccess> = { apiKey: true, baseUrl: true, fetch: true, headers: true }

/** Throws `InvalidConfiguration` for what no call could succeed with. */
export const checkedAccess = (access: ProviderAccess, options: Readonly<Record<string, true>> = accessOptions): ProviderAccess => {
  const { apiKey, baseUrl } = access
  refuseUnknownOptions('access to a model provider', access, options)
  if (apiKey === '') throw new AppError('InvalidConfiguration', 'expected an API key for the model provider, found an empty text')
  if (!/^[\x20-\x7e]+$/.test(apiKey)) {
    throw new AppError('InvalidConfiguration', 'expected an API key for the model provider that fits into a header, found other characters')
  }
  if (baseUrl !== undefined) checkBaseUrl(baseUrl)
  return access
}

const checkBaseUrl = (baseUrl: string): void => {
  const url = URL.parse(baseUrl)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    const found = withoutPasswordsOf(baseUrl, baseUrl)
    throw new AppError('InvalidConfiguration', `expected an http or https address as the base URL of the model provider, found ${found}`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new AppError(
      'InvalidConfiguration',
      `expected no user and no password in the base URL of the model provider at ${url.host}: send them in headers`,
    )
  }
}

/** A server may quote what it was sent. */
const secretsOf = ({ apiKey, headers = {} }: ProviderAccess): readonly string[] => [
  apiKey,
  ...Object.values(headers).flatMap((value) => [value, value.replace(/^\w+ /, '')]),
]

const withoutKeys = (access: ProviderAccess, outcome: ModelOutcome): ModelOutcome =>
  outcome.ok ? outcome : { ...outcome, message: withoutSecrets(outcome.message, secretsOf(access)) }

/** What one attempt hands to the vendor's client. */
export interface Line {
  readonly fetch: Fetch
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

/** What the vendor's stream came to. `unfinished` is what it amounts to, unless we ended it ourselves. */
export type Said = ModelOutcome | { readonly unfinished: ModelFailure }

/** The failure that a vendor's client threw, or undefined where its exception is none of the vendor's. */
type FailureOf = (thrown: unknown) => ModelFailure | undefined

/**
 * One attempt at a call, within its time: `timeoutMs` covers everything from the connection to the last byte.
 * The vendors' clients swallow an abort inside a stream and end it as if all had been said, so who ended it is decided here.
 */
export const attempt = async (
  access: ProviderAccess,
  options: ModelCallOptions,
  talk: (line: Line) => Promise<Said>,
  failureOf: FailureOf,
): Promise<ModelOutcome> => {
  options.signal.throwIfAborted()
  const deadline = startDeadline(options)
  const watched = watchFetch(access)
  try {
    const said = await talk({ fetch: watched.fetch, signal: deadline.signal, timeoutMs: deadline.timeoutMs })
    if ('ok' in said) return withoutKeys(access, said)
    return withoutKeys(access, located(endedBy(options, deadline, watched) ?? said.unfinished, watched))
  } catch (thrown) {
    const failure = endedBy(options, deadline, watched) ?? failureOf(thrown) ?? connectionFailure(thrown)
    if (!failure) throw thrown
    return withoutKeys(access, located(failure, watched, thrown))
  } finally {
    deadline.stop()
  }
}

const endedBy = (options: ModelCallOptions, deadline: Deadline, watched: WatchedFetch): ModelFailure | undefined => {
  options.signal.throwIfAborted()
  const defect = watched.defect()
  if (defect) throw defect
  if (!deadline.hasPassed()) return undefined
  const what = watched.hasAnswered() ? 'the answer was not complete' : 'no answer came'
  return { ok: false, class: 'timeout', message: `${what} within ${options.timeoutMs} ms` }
}

/** Whoever reads it has to know what was away: the host, and what the system says about it. */
const located = (failure: ModelFailure, watched: WatchedFetch, thrown?: unknown): ModelFailure => {
  const host = watched.host()
  if ((failure.class !== 'network' && failure.class !== 'timeout') || host === undefined) return failure
  const words = failure.class === 'network' ? connectionCause(thrown)?.words : undefined
  return { ...failure, message: `${excerpt(words ?? failure.message)} (${host})` }
}

const connectionFailure = (thrown: unknown): ModelFailure | undefined => {
  const failureClass = classifyThrown(thrown)
  return failureClass && { ok: false, class: failureClass, message: excerpt(messageOf(thrown)) }
}

interface Deadline {
  readonly signal: AbortSignal
  readonly timeoutMs: number
  hasPassed(): boolean
  stop(): void
}

const LONGEST_NODE_TIMER_MS = 2 ** 31 - 1

const startDeadline = ({ signal, timeoutMs }: ModelCallOptions): Deadline => {
  const end = new AbortController()
  let hasPassed = false
  const limitMs = Math.max(1, Math.min(Math.ceil(timeoutMs), LONGEST_NODE_TIMER_MS))
  const timer = setTimeout(() => {
    hasPassed = true
    end.abort()
  }, limitMs)
  const giveUp = (): void => {
    end.abort()
  }
  signal.addEventListener('abort', giveUp, { once: true })
  return {
    signal: end.signal,
    timeoutMs: limitMs,
    hasPassed: () => hasPassed,
    stop() {
      clearTimeout(timer)
      signal.removeEventListener('abort', giveUp)
    },
  }
}

interface WatchedFetch {
  readonly fetch: Fetch
  hasAnswered(): boolean
  /** `host:port` that was asked, or undefined before. */
  host(): string | undefined
  /** What our own `fetch` threw, such as a missing recording: the clients would call it a lost connection. */
  defect(): AppError | undefined
}

const SENT_HEADERS = ['accept', 'content-type', 'authorization', 'user-agent', 'anthropic-version']

/**
 * Lets only our own headers through: the clients add facts about this machine, and whatever
 * OPENAI_CUSTOM_HEADERS and ANTHROPIC_CUSTOM_HEADERS hold, which no option of theirs turns off.
 */
const watchFetch = ({ fetch = globalThis.fetch, headers = {} }: ProviderAccess): WatchedFetch => {
  const sent = [...SENT_HEADERS, ...Object.keys(headers)]
  let hasAnswered = false
  let host: string | undefined
  let defect: AppError | undefined
  return {
    async fetch(input, init) {
      host = hostOf(input)
      const given = new Headers(init?.headers)
      const ours = sent.flatMap((name): [string, string][] => {
        const value = given.get(name)
        return value === null ? [] : [[name, value]]
      })
      try {
        const response = await fetch(input, { ...init, headers: ours })
        hasAnswered = true
        return await withReadableError(response)
      } catch (thrown) {
        if (isAppError(thrown)) defect = thrown
        throw thrown
      }
    },
    hasAnswered: () => hasAnswered,
    host: () => host,
    defect: () => defect,
  }
}

const hostOf = (input: Parameters<Fetch>[0]): string => {
  const { hostname, port, protocol } = new URL(input instanceof Request ? input.url : input)
  return `${hostname}:${port === '' ? (protocol === 'http:' ? 80 : 443) : port}`
}
