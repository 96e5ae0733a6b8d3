import { readFile, stat, writeFile } from 'node:fs/promises'
import { AppError, messageOf } from '../errors.ts'
import { casesInText } from '../evals/dataset.ts'
import type { DatasetCase } from '../evals/dataset-case.ts'
import { present } from '../present.ts'
import { PRIVATE_FILE } from '../private-files.ts'

const MOST_FILE_BYTES = 512 * 1024 * 1024

/** Throws `InvalidInput` for what is no dataset, with the line, and `TooLarge`. */
export const readDataset = async (path: string): Promise<readonly DatasetCase[]> => {
  let text: string
  try {
    const { size } = await stat(path)
    if (size > MOST_FILE_BYTES) throw new AppError('TooLarge', `Expected ${MOST_FILE_BYTES} bytes at most, found ${size}`)
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw new AppError('InvalidInput', `Expected a dataset at ${path}: ${messageOf(cause)}`, present({ details: { path }, cause }))
  }
  return casesInText(text, path)
}

/** A file that others cannot read: it holds what users have said. Throws `InvalidInput` where it cannot be written. */
export const writePrivate = async (path: string, text: string): Promise<void> => {
  try {
    await writeFile(path, text, { mode: PRIVATE_FILE })
  } catch (cause) {
    throw new AppError('InvalidInput', `Expected a file that can be written at ${path}: ${messageOf(cause)}`, { details: { path }, cause })
  }
}
