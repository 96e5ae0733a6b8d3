/** Attempts of tool calls whose code has not returned, whether anybody still waits for it or not. Of this process alone. */
export interface Attempts {
  /** Returns what is called once the code has returned and what it said is on its way. */
  begin(runId: string, callId: string): () => void
  isUnderWay(runId: string, callId: string): boolean
  /** Resolves once no attempt of the call is under way. */
  over(runId: string, callId: string): Promise<void>
  /** Whether any call of any run has one. */
  readonly any: () => boolean
}

interface UnderWay {
  count: number
  readonly waiting: (() => void)[]
}

export const createAttempts = (): Attempts => {
  const calls = new Map<string, UnderWay>()
  const nameOf = (runId: string, callId: string): string => `${runId} ${callId}`

  const end = (name: string, call: UnderWay): void => {
    call.count -= 1
    if (call.count > 0) return
    calls.delete(name)
    for (const tell of call.waiting) tell()
  }

  return {
    begin(runId, callId) {
      const name = nameOf(runId, callId)
      const call = calls.get(name) ?? { count: 0, waiting: [] }
      call.count += 1
      calls.set(name, call)
      let isOver = false
      return () => {
        if (!isOver) end(name, call)
        isOver = true
      }
    },
    isUnderWay: (runId, callId) => calls.has(nameOf(runId, callId)),
    over: (runId, callId) =>
      new Promise((resolve) => {
        const call = calls.get(nameOf(runId, callId))
        if (call === undefined) resolve()
        else call.waiting.push(resolve)
      }),
    any: () => calls.size > 0,
  }
}
