import { AppError, isAppError } from '../../src/errors.ts'

/**
 * Thrown where a tool cannot do what it was asked; `callTool` makes it the text `Error: <message>`.
 * The messages are part of the benchmark, those of Python's own exceptions included.
 */
export const refusal = (message: string): AppError => new AppError('InvalidInput', message)

export const isRefusal = (thrown: unknown): thrown is AppError => isAppError(thrown, 'InvalidInput')
