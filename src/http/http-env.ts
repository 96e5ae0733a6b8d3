import type { Access } from './api-keys.ts'

/** What middleware leaves behind for handlers. */
export interface HttpEnv {
  Variables: {
    readonly requestId: string
    /** Set for everything below `/v1`. */
    readonly access: Access
  }
}
