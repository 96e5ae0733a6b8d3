import type { Found } from '../../evals/whatif/report.ts'

export const nothingFound: Found = { compared: 0, differences: [], prompts: [], recordedCost: 0, costNow: 0, unfinished: [] }
