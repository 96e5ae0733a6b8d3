import { z } from 'zod'

/** UTF-16 units. */
const LONGEST_NAME = 100
const LONGEST_NOTE = 2_000

/** Who did it: a person, a program, or `refold` itself. */
export const by = z.string().min(1)

/** What somebody makes of a run, or of what it did at `revision`. */
export const scoreShape = {
  name: z.string().min(1).max(LONGEST_NAME).meta({ description: 'What is judged: `thumbs`, `correct`, `tone` …' }),
  value: z.number().meta({ description: 'Any finite number; what it means follows from the name.' }),
  passed: z.boolean().optional().meta({ description: 'Whether that is good enough.' }),
  note: z.string().max(LONGEST_NOTE).optional().meta({ description: 'Why.' }),
  revision: z.int().nonnegative().optional().meta({ description: 'Of the event that it is about; the whole run without it.' }),
  by,
} as const
