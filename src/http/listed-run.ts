import type { z } from 'zod'
import type { RunRow } from '../projections/run-index.ts'
import { standingOf } from '../projections/run-standing.ts'
import { standstillOf } from '../projections/standstill.ts'
import type { FoundRun } from '../views/run-search.ts'
import { foldedRunRow, runRow } from './run-list-contract.ts'

export type ListedRun = z.infer<typeof runRow>

/** What a list shows of a run, over HTTP and on the command line. */
export const listedRun = ({ row, stuck }: FoundRun): ListedRun =>
  runRow.parse({ ...row, standing: standingOf(row), stuck, standsStill: standstillOf(row, stuck) })

/** The same of a run that was read from the log: what depends on the time and on other runs is not known there. */
export const foldedRun = (row: RunRow): z.infer<typeof foldedRunRow> => foldedRunRow.parse({ ...row, standing: standingOf(row) })
