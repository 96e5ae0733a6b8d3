import { hash } from 'node:crypto'

/** See `hash.ts`. */
export const sha256Hex = (text: string): string => hash('sha256', text, 'hex')
