import type { Access } from './api-keys.ts'
import type { ProblemCode } from './problem.ts'

/** What middleware leaves behind for handlers. */
export interface HttpEnv {
  Variables: {
    readonly requestId: string
    /** Set for everything below `/v1`. */
    readonly access: Access
    /** Of the problem that is the answer. */
    readonly problem: ProblemCode
    /** The answer is a file of the page, which says itself how it may be kept and what may run in it. */
    readonly isPageFile: boolean | undefined
  }
}
