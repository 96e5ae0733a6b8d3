import { closeSync, mkdirSync, openSync } from 'node:fs'

// What runs hold is nobody else's on this machine, whatever the umask is. What is there already keeps its mode.

export const PRIVATE_FILE = 0o600
export const PRIVATE_FOLDER = 0o700

/** With all folders above it that are not there. */
export const makePrivateFolder = (path: string): void => {
  mkdirSync(path, { recursive: true, mode: PRIVATE_FOLDER })
}

/** Before SQLite makes it: what it keeps beside a file has the mode of the file. Where it cannot be made, SQLite says why. One in memory has none. */
export const beginPrivateFile = (path: string): void => {
  if (path === ':memory:') return
  try {
    closeSync(openSync(path, 'ax', PRIVATE_FILE))
  } catch {
    // It is there, or nothing can be written.
  }
}
