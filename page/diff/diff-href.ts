import { hrefOf } from '../address/address.ts'

/** `RUN`, or `RUN@17` for a run up to a revision. */
export const diffHref = (a: string, b?: string): string => hrefOf('/diff', { a, b })
