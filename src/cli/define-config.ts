import type { HttpOptions } from '../http/http-options.ts'
import type { RefoldOptions } from '../open-refold.ts'

/** What `refold.config.ts` holds: the log, and the agents and models that runs in it are started with. */
export interface RefoldConfig extends Pick<
  RefoldOptions,
  'dir' | 'agents' | 'models' | 'dependencies' | 'prices' | 'retention' | 'mostLostOwners' | 'queries' | 'sqlRoles'
> {
  /** For `refold serve`. */
  readonly http?: HttpOptions | undefined
}

/** For the default export of `refold.config.ts`, which the command line reads. An application may open the same: `openRefold(config)`. */
export const defineConfig = (config: RefoldConfig): RefoldConfig => config
