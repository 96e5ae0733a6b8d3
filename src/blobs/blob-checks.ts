import { AppError } from '../errors.ts'

const SHA256 = /^[0-9a-f]{64}$/

/** Throws `InvalidInput` for what is no hash: it names a file. */
export const checkHash = (sha256: string): void => {
  if (!SHA256.test(sha256)) {
    throw new AppError('InvalidInput', `a blob is named by 64 lower-case hexadecimal digits, not ${JSON.stringify(sha256)}`, {
      details: { sha256 },
    })
  }
}

/** Throws `InvalidInput` for a text that would come back as another one. */
export const checkContent = (content: string | Uint8Array): void => {
  if (typeof content === 'string' && !content.isWellFormed())
    throw new AppError('InvalidInput', 'a blob is a text that UTF-8 can carry: this one has a lone surrogate')
}

export const missingBlob = (sha256: string, where: string): AppError =>
  new AppError('EventLogCorrupt', `blob ${sha256} is missing from ${where}; restore it from a backup`, { details: { sha256, where } })

export const damagedBlob = (sha256: string, found: string, where: string): AppError =>
  new AppError('EventLogCorrupt', `blob ${where} is damaged: its content has the hash ${found}; restore it from a backup`, {
    details: { sha256, found, where },
  })
