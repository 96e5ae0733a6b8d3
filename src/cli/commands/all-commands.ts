import type { AddCommand } from '../command-line.ts'
import { addListCommand } from './list.ts'

/** In the order of the help. */
export const addCommands: AddCommand = (program, commandLine) => {
  for (const add of [addListCommand]) add(program, commandLine)
}
