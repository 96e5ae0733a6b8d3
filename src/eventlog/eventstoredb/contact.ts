import type { Clock } from '../../clock.ts'
import { AppError, messageOf } from '../../errors.ts'
import { obstacleTo, type Obstacle } from './obstacles.ts'
import { placesText, type ServerPlaces } from './places.ts'

/** A server that is waited for. */
export interface AwaitedServer {
  /** As `host:port`. */
  readonly at: string
  /** What waits, as `read the log`. */
  readonly to: string
  readonly why: string
}

export interface ContactOptions {
  readonly places: ServerPlaces
  readonly clock: Clock
  /** Called once for each time that the server is away, however many calls wait for it. */
  readonly tell: (awaited: AwaitedServer) => void
}

/** What is known of whether the server is there, by all calls of one log. */
export interface Contact {
  waitFor(what: string): Waiting
}

/** Of one call. */
export interface Waiting {
  /** To be awaited before the first try. Rejects as `failed`, where the client would first look for a node for seconds. */
  begin(): Promise<void>
  answered(): void
  /** It is to be tried again. Resolves to why it failed; rejects with what no waiting mends, while the server has never answered. */
  failed(error: unknown): Promise<string>
  end(): void
}

const TOLD_AFTER_MS = 2_000
/** It is looked for an obstacle this often at most. */
const LOOKED_EVERY_MS = 5_000

export const contact = ({ places, clock, tell }: ContactOptions): Contact => {
  let hasAnswered = false
  let isTold = false
  let looked: { readonly at: number; readonly found: Promise<Obstacle | undefined> } | undefined
  const at = placesText(places)
  const isSearchedFor = places.isCluster || places.hosts.length > 1

  const look = (): Promise<Obstacle | undefined> => {
    if (looked === undefined || clock.now() - looked.at >= LOOKED_EVERY_MS)
      looked = { at: clock.now(), found: obstacleTo(places).catch(() => undefined) }
    return looked.found
  }
  const tellOf = async (to: string, said: string): Promise<void> => {
    if (isTold) return
    isTold = true
    const obstacle = await look()
    // It may have answered meanwhile.
    if (isTold) tell({ at, to, why: obstacle?.message ?? said })
  }
  return {
    waitFor(what) {
      let said = 'it does not answer'
      let disarm: (() => void) | undefined
      const arm = (): void => {
        disarm ??= clock.setTimer(TOLD_AFTER_MS, () => void tellOf(what, said))
      }
      const end = (): void => {
        disarm?.()
        disarm = undefined
      }
      arm()
      return {
        async begin() {
          if (!hasAnswered && isSearchedFor) refuseHopeless(await look())
        },
        answered() {
          hasAnswered = true
          isTold = false
          looked = undefined
          end()
        },
        async failed(error) {
          said = messageOf(error)
          arm()
          const obstacle = hasAnswered ? await looked?.found : await look()
          if (!hasAnswered) refuseHopeless(obstacle)
          return obstacle?.message ?? said
        },
        end,
      }
    },
  }
}

/** Only what was never right is given up: a server that has answered may be replaced, and its name be unknown for a while. */
const refuseHopeless = (obstacle: Obstacle | undefined): void => {
  if (obstacle?.kind === 'misfit') throw new AppError('InvalidConfiguration', `EventStoreDB cannot be spoken to: ${obstacle.message}`)
  if (obstacle?.kind === 'unnamed')
    throw new AppError('EventLogUnavailable', `EventStoreDB cannot be reached: ${obstacle.message}`, { retryable: true })
}
