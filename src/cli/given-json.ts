import { resolve } from 'node:path'
import { AppError, messageOf } from '../errors.ts'
import type { Json } from '../json.ts'
import { bytesIn } from './sent-files.ts'

/** The value of an option that is JSON, or `@` and the path of a file that holds it. Throws `InvalidInput`, with the place. */
export const givenJson = async (given: string, cwd: string): Promise<Json> => {
  const path = given.startsWith('@') ? resolve(cwd, given.slice(1)) : undefined
  const text = path === undefined ? given : new TextDecoder().decode(await bytesIn(path))
  try {
    return JSON.parse(text) as Json
  } catch (cause) {
    throw new AppError('InvalidInput', `Expected JSON${path === undefined ? '' : ` in ${path}`}: ${messageOf(cause)}`, { cause })
  }
}
