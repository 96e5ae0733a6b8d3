import { setImmediate } from 'node:timers/promises'

/** Lets everything else that is ready go first. */
export const nextTurn = async (): Promise<undefined> => {
  await setImmediate()
}
