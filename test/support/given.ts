import { expect } from 'vitest'
import { decodeEvent, streamOf } from '../../src/events/codec.ts'
import type { RunEvent } from '../../src/events/envelope.ts'
import type { DataOf, RunEventType, RunFact } from '../../src/events/run-events.ts'
import { accepts } from '../../src/fold/accepts.ts'
import { decide, type ChartCommand, type Decision } from '../../src/fold/decide.ts'
import { stateText, waitsFor } from '../../src/fold/standing.ts'
import type { RunState } from '../../src/fold/run-state.ts'
import { sha256 } from '../../src/hash.ts'
import { seal } from '../../src/fold/seal.ts'
import type { Agent } from '../../src/runtime/agent.ts'

/** A fact, and how long after the one before it, in ms. */
export type Happening = RunFact & { readonly afterMs?: number }

/** The time of every run's first event. */
export const DAWN = 1_700_000_000_000

export const fact = <Type extends RunEventType>(type: Type, data: DataOf<Type>, afterMs = 0): Happening =>
  ({ type, data, afterMs }) as unknown as Happening

export const started = (agent: Agent, data: Partial<DataOf<'RunStarted'>> = {}): Happening =>
  fact('RunStarted', {
    agent: agent.name,
    agentVersion: agent.version,
    chartHash: agent.program.chartHash,
    settings: agent.settings,
    ...data,
  })

/** A run whose history is written down, event by event. */
export interface Given {
  readonly state: RunState
  readonly events: readonly RunEvent[]
  /** As a reader of the log gets them. */
  readonly stored: readonly Stored[]
  and(...happenings: readonly Happening[]): Given
  whenHappens(happening: Happening): Then
  whenCommanded(command: ChartCommand, commandId?: string): ThenDecided
}

export interface Then extends Given {
  /** Exactly these intents, as `callModel` or `checkCall:3.0`. */
  thenAsks(...intents: readonly string[]): Then
  thenIsAt(place: string): Then
  thenWaitsFor(whom: ReturnType<typeof waitsFor>): Then
}

export interface ThenDecided {
  readonly decision: Decision
  thenGranted(...types: readonly RunEventType[]): void
  thenRefused(reason: RegExp): void
}

export interface Stored {
  readonly event: RunEvent
  readonly texts: { readonly type: string; readonly data: string; readonly meta: string }
}

export const given = (agent: Agent, ...happenings: readonly Happening[]): Given =>
  happenings.reduce<Given>((before, happening) => next(agent, before, happening), newborn(agent))

const newborn = (agent: Agent): Given => story(agent, { state: undefined as unknown as RunState, events: [], stored: [] })

interface Told {
  readonly state: RunState
  readonly events: readonly RunEvent[]
  readonly stored: readonly Stored[]
}

const story = (agent: Agent, told: Told): Given => ({
  ...told,
  and: (...happenings) => happenings.reduce<Given>((before, happening) => next(agent, before, happening), story(agent, told)),
  whenHappens: (happening) => next(agent, story(agent, told), happening),
  whenCommanded: (command, commandId) => decided(decide(told.state, command, told.state.at, commandId)),
})

const next = (agent: Agent, before: Told, { afterMs = 0, ...given }: Happening): Then => {
  const happened = given
  const revision = before.events.length
  const runId = before.state?.runId ?? 'run-1'
  const id = `00000000-0000-4000-8000-${revision.toString(16).padStart(12, '0')}`
  const at = (before.state?.at ?? DAWN) + afterMs
  const sealed = seal(agent.program, before.state, happened, { runId, id, at, agent: agent.id, correlationId: runId })
  const event = decodeEvent({ ...sealed.texts, stream: streamOf(runId), revision }, payloadsOf(sealed.blobs))
  const told: Told = {
    state: sealed.state,
    events: [...before.events, event],
    stored: [...before.stored, { event, texts: sealed.texts }],
  }
  return then(agent, told)
}

const payloadsOf = (blobs: readonly string[]): ReadonlyMap<string, string> => new Map(blobs.map((text) => [sha256(text), text]))

const then = (agent: Agent, told: Told): Then => {
  const { meta } = told.events.at(-1)!
  const self: Then = {
    ...story(agent, told),
    thenAsks(...intents) {
      const found = meta.intents ?? []
      expect(found.map((text, index) => (intents[index]?.includes(':') === true ? text : text.split(':')[0]))).toEqual(intents)
      return self
    },
    thenIsAt(place) {
      expect(stateText(told.state.chart)).toBe(place)
      return self
    },
    thenWaitsFor(whom) {
      expect(waitsFor(told.state)).toBe(whom)
      return self
    },
  }
  return self
}

const decided = (decision: Decision): ThenDecided => ({
  decision,
  thenGranted(...types) {
    expect(decision.ok ? decision.facts.map(({ type }) => type) : decision.reason).toEqual(types)
  },
  thenRefused(reason) {
    expect(decision.ok ? 'granted' : decision.reason).toMatch(reason)
  },
})

/** Whether the fact may be recorded now. */
export const isAccepted = ({ state }: Pick<Given, 'state'>, { afterMs = 0, ...happened }: Happening): boolean =>
  accepts(state, happened, state.at + afterMs)
