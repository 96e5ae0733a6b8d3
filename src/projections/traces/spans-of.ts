import type { RunEvent } from '../../events/envelope.ts'
import type { RunEventType } from '../../events/run-events.ts'
import type { OpenTrace } from './open-trace.ts'

/** What each of these events makes of the spans of its run. */
export type SpansOf<Types extends RunEventType> = {
  readonly [Type in Types]: (trace: OpenTrace, event: Extract<RunEvent, { type: Type }>) => void
}
