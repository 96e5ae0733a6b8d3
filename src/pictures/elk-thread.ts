import { parentPort } from 'node:worker_threads'
import type { ElkNode } from 'elkjs'
import { messageOf } from '../errors.ts'
import { elkHere } from './chart-layout.ts'

// The other end of elk-off-thread.ts. Everything is JSON here, so that nothing of ELK's own objects has to be cloned.

export type ElkAnswer = { readonly ok: true; readonly layout: string } | { readonly ok: false; readonly message: string }

parentPort?.on('message', (input: string) => {
  void answerOf(input).then((answer) => parentPort?.postMessage(answer))
})

const answerOf = async (input: string): Promise<ElkAnswer> => {
  try {
    return { ok: true, layout: JSON.stringify(await elkHere(JSON.parse(input) as ElkNode)) }
  } catch (error) {
    return { ok: false, message: messageOf(error) }
  }
}
