import { statSync } from 'node:fs'
import { logRestored } from '../went-back.ts'

/**
 * A file that was put in the place of the one that is open is not seen by this process: what it appends would be in no file that anybody can open.
 * What is returned throws `LogRestored` then.
 */
export const sameFile = (path: string): (() => void) => {
  const opened = idOf(path)
  return () => {
    const found = idOf(path)
    if (found === opened) return
    throw logRestored(found === undefined ? `${path} is gone` : `${path} is another file than the one that was opened`)
  }
}

const idOf = (path: string): string | undefined => {
  const found = statSync(path, { throwIfNoEntry: false })
  return found === undefined ? undefined : `${found.dev}/${found.ino}`
}
