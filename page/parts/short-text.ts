import { oneLine } from '../../src/projections/printable.ts'

const LONGEST = 80

/** A name of anybody where it stands among others: in one line, and of one that is very long its beginning. */
export const shortText = (name: string): string => oneLine(name, LONGEST)
