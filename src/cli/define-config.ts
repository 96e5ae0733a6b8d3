import type { GrownDatasets } from '../evals/growing/grow-rule.ts'
import type { EvalDefinition } from '../evals/define-eval.ts'
import type { HttpOptions } from '../http/http-options.ts'
import { refuseUnknownOptions, type OptionNames } from '../known-options.ts'
import type { RefoldOptions } from '../open-refold.ts'

/** What `refold.config.ts` holds: the log, and the agents and models that runs in it are started with. */
export interface RefoldConfig extends Pick<
  RefoldOptions,
  'dir' | 'agents' | 'models' | 'dependencies' | 'prices' | 'retention' | 'mostLostOwners' | 'queries' | 'sqlRoles'
> {
  /** Datasets that grow while production runs. */
  readonly datasets?: GrownDatasets | undefined
  /** For `refold serve`. */
  readonly http?: HttpOptions | undefined
  /** How `refold eval` runs and scores cases, each as `defineEval` makes it. */
  readonly evals?: readonly EvalDefinition[] | undefined
}

/** For the default export of `refold.config.ts`, which the command line reads. An application may open the same: `openRefold(config)`. Throws `InvalidConfiguration` for what is no part of it. */
export const defineConfig = (config: RefoldConfig): RefoldConfig => {
  refuseUnknownOptions('defineConfig', config, CONFIG)
  return config
}

const CONFIG: OptionNames<RefoldConfig> = {
  dir: true,
  agents: true,
  models: true,
  dependencies: true,
  prices: true,
  retention: true,
  mostLostOwners: true,
  queries: true,
  sqlRoles: true,
  datasets: true,
  http: true,
  evals: true,
}
