import { hash } from 'node:crypto'

/** 64 lower-case hexadecimal digits. A function of its input alone, so the pure folders may use it. */
export const sha256 = (text: string): string => hash('sha256', text, 'hex')
