import { randomUUID } from 'node:crypto'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'

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

/** What a process leaves that ends while it replaces a file. */
export const isDraft = (name: string): boolean => /\.[0-9a-f-]{36}\.draft$/.test(name)

/** Whoever reads the file finds what was there before or all of the new, whatever ends in between. */
export const replacePrivateFile = async (path: string, content: string | Uint8Array): Promise<void> => {
  const draft = `${path}.${randomUUID()}.draft`
  try {
    const file = await open(draft, 'wx', PRIVATE_FILE)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}
