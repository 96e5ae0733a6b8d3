import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GivenContent } from 'refold'

/** A customer sends a picture: its bytes go into the blob store, and each vendor is shown it in its own way. */
export const brokenItem: GivenContent = [
  { type: 'text', text: 'The parcel came like this. Can you see what is broken?' },
  {
    type: 'image',
    source: { type: 'bytes', data: readFileSync(join(import.meta.dirname, 'broken-lid.png')) },
    alt: 'a blue kettle with a crack in its lid',
  },
]
