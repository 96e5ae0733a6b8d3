import { loneText } from '../events/content.ts'
import type { RunEvent } from '../events/envelope.ts'
import { sha256 } from '../hash.ts'
import { canonicalJson } from '../json.ts'
import type { Transcript } from '../projections/transcript.ts'

// Where a call stands in what its run does. The world outside knows calls by it, so that a run that goes on from an older copy of its log
// names them as it did before: recovery, repeated attempts and whatever else lies between two calls move no place.

export interface CallPlaces {
  /** Digest of what the run was begun with. */
  readonly begun: string
  /** 1, 2 … : one more than turns have ended. */
  readonly turn: number
  /** Digest of the message that the turn reads first, once there is one. */
  readonly opened?: string
  /** Digest of the newest message. */
  readonly newest?: string
  /** How often a tool was called in this turn, by tool and key of the chart. */
  readonly tools: ReadonlyMap<string, number>
  /** How often a run was asked for, by its name below this one. */
  readonly childRuns: ReadonlyMap<string, number>
}

export const firstPlaces = (event: RunEvent): CallPlaces => ({
  begun: event.type === 'RunStarted' && event.data.input !== undefined ? digest(event.data.input) : '',
  turn: 1,
  tools: new Map(),
  childRuns: new Map(),
})

interface Before {
  readonly places: CallPlaces
  readonly transcript: Pick<Transcript, 'inbox'>
}

export const placesAfter = ({ places, transcript }: Before, event: RunEvent): CallPlaces => {
  if (event.type === 'MessageReceived') {
    const newest = digest(messageIn(event))
    return { ...places, newest, opened: places.opened ?? newest }
  }
  if (event.type !== 'TurnCompleted' && event.type !== 'RunReturned') return places
  const { begun, childRuns, newest, turn } = places
  // What was said in the turn that ends is read by the next one.
  const isUnread = transcript.inbox.length > 0 && newest !== undefined
  return { begun, childRuns, turn: turn + 1, tools: new Map(), ...(newest && { newest }), ...(isUnread && { opened: newest }) }
}

interface Wanted {
  readonly tool: string
  /** Where the chart has chosen one. */
  readonly key?: string | undefined
}

/** The next call of a tool: its place, unique in the run, and all places with it. */
export const placeOfCall = (
  places: CallPlaces,
  event: RunEvent,
  { tool, key }: Wanted,
): { readonly place: string; readonly places: CallPlaces } => {
  const name = canonicalJson([tool, key ?? null])
  const count = (places.tools.get(name) ?? 0) + 1
  const digested = digest([name, places.begun, heard(places, event)])
  return {
    place: `${places.turn}.${count}.${digested}`,
    places: { ...places, tools: new Map(places.tools).set(name, count) },
  }
}

/** The next run that is asked for: its name below this one, and all places with it. */
export const nameOfChild = (places: CallPlaces, { agent, key }: { readonly agent: string; readonly key?: string | undefined }) => {
  const name = key ?? agent
  const count = (places.childRuns.get(name) ?? 0) + 1
  return { name: `${name}-${count}`, places: { ...places, childRuns: new Map(places.childRuns).set(name, count) } }
}

/** A call that follows from other words is another call: those that its turn has begun with, or those that a chart answers with it. */
const heard = ({ opened }: CallPlaces, event: RunEvent): string => {
  if (event.type === 'MessageReceived') return digest(messageIn(event))
  return event.type === 'ModelCallSucceeded' ? (opened ?? '') : ''
}

/** As a text where it is one, as it always was. */
const messageIn = ({ data: { parts, data } }: Extract<RunEvent, { type: 'MessageReceived' }>) => [loneText(parts) ?? parts, data ?? null]

const digest = (value: Parameters<typeof canonicalJson>[0]): string => sha256(canonicalJson(value)).slice(0, 12)
