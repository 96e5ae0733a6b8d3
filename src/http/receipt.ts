import { runPlace } from '../fold/place-text.ts'
import type { RunState } from '../fold/run-state.ts'
import { waitsFor } from '../fold/waiting.ts'
import type { Receipt } from './contract.ts'

export const receiptOf = (state: RunState): Receipt => ({
  runId: state.runId,
  revision: state.revision,
  status: state.status,
  paused: state.paused,
  state: runPlace(state),
  waitsFor: waitsFor(state) ?? null,
})
