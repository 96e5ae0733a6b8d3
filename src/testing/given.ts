import assert from 'node:assert/strict'
import { decodeEvent, streamOf } from '../events/codec.ts'
import type { RunEvent } from '../events/envelope.ts'
import type { DataOf, RunEventType, RunFact, WaitsFor } from '../events/run-events.ts'
import { decide, type ChartCommand, type Decision } from '../fold/decide.ts'
import { viewOf, type RunView } from '../fold/run-view.ts'
import { stateText, waitsFor } from '../fold/standing.ts'
import type { RunState } from '../fold/run-state.ts'
import { sha256 } from '../hash.ts'
import { seal } from '../fold/seal.ts'
import type { Agent } from '../runtime/agent.ts'

/** A fact, and how long after the one before it, ms. */
export type Happening = RunFact & { readonly afterMs?: number }

/** The time of every run's first event, ms since the epoch. */
export const DAWN = 1_700_000_000_000

/** Of this type, `afterMs` after the one before it. */
export const fact = <Type extends RunEventType>(type: Type, data: DataOf<Type>, afterMs = 0): Happening =>
  ({ type, data, afterMs }) as unknown as Happening

/** How every run of an agent begins; `data` is what is otherwise. */
export const started = (agent: Agent, data: Partial<DataOf<'RunStarted'>> = {}): Happening =>
  fact('RunStarted', {
    agent: agent.name,
    agentVersion: agent.version,
    chartHash: agent.program.chartHash,
    settings: agent.settings,
    ...data,
  })

/** A run whose history is written down, event by event; no model, tool or clock has a part in it. */
export interface Given {
  /** @internal */
  readonly state: RunState
  readonly events: readonly RunEvent[]
  /** @internal As a reader of the log gets them. */
  readonly stored: readonly Stored[]
  /** As `run.state()` gives it. */
  view(): RunView
  /** More of the history. */
  and(...happenings: readonly Happening[]): Given
  /** The next fact. Throws `UnexpectedEvent` where the charts have no place for it. */
  whenHappens(happening: Happening): Then
  /** What somebody asks for, `commandId` where it may be repeated. */
  when(command: ChartCommand, commandId?: string): Decided
}

/** Each of them throws an `AssertionError` that says what was found. */
export interface Then extends Given {
  /** Exactly these intents, as `callModel` or `checkCall:3.0`. */
  thenAsks(...intents: readonly string[]): Then
  /** Where the chart stands, as in `thinking.callingModel`. */
  thenIsAt(place: string): Then
  thenWaitsFor(whom: WaitsFor | undefined): Then
}

/** What came of a command. Each of them throws an `AssertionError` that says what was found. */
export interface Decided {
  readonly decision: Decision
  /** Exactly events of these types; none, where all of it was granted before. */
  thenRecords(...types: readonly RunEventType[]): void
  thenRefuses(reason: RegExp): void
}

/** @internal */
export interface Stored {
  readonly event: RunEvent
  readonly texts: { readonly type: string; readonly data: string; readonly meta: string }
}

/** The history of one run of an agent, from its `started` on. */
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
  view: () => viewOf(agent.program, told.state),
  and: (...happenings) => happenings.reduce<Given>((before, happening) => next(agent, before, happening), story(agent, told)),
  whenHappens: (happening) => next(agent, story(agent, told), happening),
  when: (command, commandId) => decided(decide(told.state, command, told.state.at, commandId)),
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
  return then(agent, told, event)
}

const payloadsOf = (blobs: readonly string[]): ReadonlyMap<string, string> => new Map(blobs.map((text) => [sha256(text), text]))

const then = (agent: Agent, told: Told, { meta }: RunEvent): Then => {
  const self: Then = {
    ...story(agent, told),
    thenAsks(...intents) {
      const found = meta.intents ?? []
      assert.deepEqual(
        found.map((text, index) => (intents[index]?.includes(':') === true ? text : text.split(':')[0])),
        intents,
      )
      return self
    },
    thenIsAt(place) {
      assert.equal(stateText(told.state.chart), place)
      return self
    },
    thenWaitsFor(whom) {
      assert.equal(waitsFor(told.state), whom)
      return self
    },
  }
  return self
}

const decided = (decision: Decision): Decided => ({
  decision,
  thenRecords(...types) {
    assert.deepEqual(decision.ok ? decision.facts.map(({ type }) => type) : `refused: ${decision.reason}`, types)
  },
  thenRefuses(reason) {
    assert.match(decision.ok ? 'it is granted' : decision.reason, reason)
  },
})
