import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from 'refold'
import type { z } from 'zod'

/** The text of a file of the data folder. Throws `InvalidInput` that names the file where it cannot be read. */
export const readText = async (folder: string, file: string): Promise<string> => {
  const where = path.join(folder, file)
  try {
    return await readFile(where, 'utf8')
  } catch (error) {
    throw new AppError('InvalidInput', `expected the airline data file ${where}, found ${messageOf(error)}`, {
      details: { file: where },
      cause: error,
    })
  }
}

/** JSON text of this shape. Throws `InvalidInput` with the file, the path inside it, and what was expected there. */
export const checkJson = <Shape>(schema: z.ZodType<Shape>, text: string, where: string): Shape => {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new AppError('InvalidInput', `expected JSON in ${where}, found: ${messageOf(error)}`, { details: { where }, cause: error })
  }
  const result = schema.safeParse(json)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const place = ['$', ...(issue?.path ?? [])].map(String).join('.')
  throw new AppError('InvalidInput', `in ${where} at ${place}: ${issue?.message ?? 'wrong shape'}`, { details: { where, path: place } })
}

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))
