/** How fast a run is played: so many times one step in 300 ms, or as fast as it was. */
export const speeds = ['0.5', '1', '2', '4', 'real'] as const
export type Speed = (typeof speeds)[number]

const STEP_MS = 300
/** Of the time that has really passed, no less and no more is waited. */
const REAL_MS = { least: 20, most: 2_000 }
/** For those who want less to move. */
const CALM_MS = 1_000

/** How long an event stands before the next one, `passedMs` later, is shown. */
export const pauseMs = (speed: Speed, passedMs: number, isCalm: boolean): number => {
  const ms = speed === 'real' ? Math.max(REAL_MS.least, Math.min(REAL_MS.most, passedMs)) : STEP_MS / Number(speed)
  return isCalm ? Math.max(CALM_MS, ms) : ms
}
