// What the desk has done is a dataset, and its agent is run on that again: the pages Datasets and Evals show both.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { DESK_FOLDER } from './desk.ts'

const refold = (...words: readonly string[]): void => {
  const main = join(import.meta.dirname, '../../src/main.ts')
  const config = join(import.meta.dirname, 'refold.config.ts')
  const { status, stderr } = spawnSync(process.execPath, [...process.execArgv, main, '--config', config, ...words], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`refold ${words.join(' ')} has failed: ${stderr}`)
}

/** No tool that writes is executed. The run that went in circles is lost: no person answers for it this time. */
export const evaluate = (): void => {
  refold('dataset', 'grow', '--once')
  refold('eval', join(DESK_FOLDER, 'datasets', 'desk.jsonl'), '--scorer', 'answer,strict', '--concurrency', '6')
}
