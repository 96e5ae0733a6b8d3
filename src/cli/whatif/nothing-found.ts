import type { Found } from '../../evals/whatif/report.ts'

export const nothingFound: Found = { compared: 0, differences: [], prompts: [], cost: { of: 0, recorded: 0, now: 0 }, unfinished: [] }
