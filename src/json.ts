import { AppError } from './errors.ts'

export type Json = string | number | boolean | null | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/**
 * RFC 8785 text: keys sorted by UTF-16 unit, no white space. What is hashed and what is stored.
 * Members that are `undefined` are left out, as JSON.stringify does.
 * Throws `InvalidInput`, with the path, for what JSON cannot carry: BigInt, NaN, functions, symbols, cycles, class instances.
 */
export const canonicalJson = (value: unknown): string => write(value, [], '$')

const write = (value: unknown, parents: readonly object[], path: string): string => {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw notJson(path, String(value))
    return JSON.stringify(value)
  }
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value !== 'object') throw notJson(path, `a ${typeof value}`)
  return writeObject(value, parents, path)
}

const writeObject = (value: object, parents: readonly object[], path: string): string => {
  if (parents.includes(value)) throw notJson(path, 'a cycle')
  const here = [...parents, value]
  if (Array.isArray(value)) {
    let text = '['
    for (let i = 0; i < value.length; i++) text += (i === 0 ? '' : ',') + write(value[i], here, path)
    return text + ']'
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) throw notJson(path, `a ${value.constructor.name}`)
  let text = ''
  for (const key of Object.keys(value).sort()) {
    const member = (value as Record<string, unknown>)[key]
    if (member === undefined) continue
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${write(member, here, `${path}.${key}`)}`
  }
  return `{${text}}`
}

const notJson = (path: string, found: string): AppError =>
  new AppError('InvalidInput', `JSON cannot carry ${found}, found at ${path}`, { details: { path, found } })
