import { z } from 'zod'
import { incomingJson } from './message.ts'

/** UTF-16 units of its JSON text. */
const LONGEST_METADATA = 8_192

/** What a program notes about a run for itself, as `{ order: { id: 17, source: 'shop' } }`: shown with the run, and read by no code of Refold. */
export const metadata = z
  .record(z.string(), incomingJson)
  .refine(
    (given) => JSON.stringify(given).length <= LONGEST_METADATA,
    `expected metadata of ${LONGEST_METADATA} characters of JSON at most`,
  )
export type Metadata = Readonly<z.infer<typeof metadata>>
