const TRACEPARENT = /^[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** The W3C trace context of a request; one that is not well-formed counts as none, as the standard wants it. */
export const traceparentOf = (header: string | undefined): string | undefined =>
  header !== undefined && TRACEPARENT.test(header) && !header.startsWith('ff') ? header : undefined
