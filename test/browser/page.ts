export { decodeEvent, foldRun } from 'refold/core'
export { refund } from './refund-spec.ts'
