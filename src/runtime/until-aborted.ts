import { AppError } from '../errors.ts'

/** Settles as the work does, or rejects with `Closed` as soon as the signal says so: what the work comes to then goes nowhere. */
export const untilAborted = <Result>(work: Promise<Result>, signal: AbortSignal | undefined, message: string): Promise<Result> => {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      reject(new AppError('Closed', message))
    }
    signal.addEventListener('abort', giveUp, { once: true })
    if (signal.aborted) giveUp()
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', giveUp)
    })
  })
}
