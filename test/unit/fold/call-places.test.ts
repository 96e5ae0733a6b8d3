import { textContent } from '../../../src/events/content.ts'
import { describe, expect, test } from 'vitest'
import type { RunEvent } from '../../../src/events/envelope.ts'
import { firstPlaces, nameOfChild, placeOfCall, placesAfter, type CallPlaces } from '../../../src/fold/call-places.ts'

const event = (type: string, data: Record<string, unknown> = {}, revision = 0): RunEvent =>
  ({ type, data, revision }) as unknown as RunEvent

const started = firstPlaces(event('RunStarted'))
const ANSWER = event('ModelCallSucceeded')

const after = (places: CallPlaces, events: readonly RunEvent[], inbox: readonly string[] = []): CallPlaces =>
  events.reduce((before, each) => placesAfter({ places: before, transcript: { inbox: inbox.map(textContent) } }, each), places)

const heard = (text: string, revision = 1): RunEvent => event('MessageReceived', { parts: textContent(text) }, revision)

const placesOf = (places: CallPlaces, tools: readonly string[], by = ANSWER): string[] => {
  let now = places
  return tools.map((tool) => {
    const { place, places: next } = placeOfCall(now, by, { tool })
    now = next
    return place
  })
}

describe('the place of a call', () => {
  test('is another for each call of a run', () => {
    const turn = after(started, [heard('charge')])
    const places = [
      ...placesOf(turn, ['charge', 'charge', 'refund', 'charge']),
      ...placesOf(after(turn, [event('TurnCompleted'), heard('charge')]), ['charge', 'charge']),
      ...placesOf(after(turn, [event('RunReturned')]), ['charge']),
    ]
    expect(new Set(places).size).toBe(places.length)
  })

  test('is not moved by revisions, claims, failures, approvals and corrections between the calls', () => {
    const between = [
      event('ModelCallRequested', { attempt: 2 }, 9),
      event('ToolCallRequested', { attempt: 2 }, 10),
      event('ToolCallFailed', {}, 11),
      event('ApprovalGranted', {}, 12),
      event('ToolCallCorrected', {}, 13),
      event('RunPaused', {}, 14),
    ]
    const plain = after(started, [heard('charge')])
    expect(placesOf(after(plain, between), ['charge'], event('ModelCallSucceeded', {}, 40))).toEqual(placesOf(plain, ['charge']))
  })

  test('is not moved by what is said in the middle of its turn', () => {
    const plain = after(started, [heard('charge')])
    expect(placesOf(after(plain, [heard('and hurry')]), ['charge'])).toEqual(placesOf(plain, ['charge']))
  })

  test('is another where its turn has begun with other words', () => {
    const first = after(started, [heard('hello'), event('TurnCompleted')])
    const [one] = placesOf(after(first, [heard('charge order 17')]), ['charge'])
    const [same] = placesOf(after(first, [heard('charge order 17', 30)]), ['charge'])
    const [other] = placesOf(after(first, [heard('charge order 18')]), ['charge'])
    expect(same).toBe(one)
    expect(other).not.toBe(one)
  })

  test('is that of the words that came before the turn had ended, where it begins with them', () => {
    const first = after(started, [heard('hello'), heard('charge order 17')])
    const [read] = placesOf(after(first, [event('TurnCompleted')], ['charge order 17']), ['charge'])
    const [other] = placesOf(after(after(started, [heard('hello'), heard('charge order 18')]), [event('TurnCompleted')], ['x']), ['charge'])
    expect(read).not.toBe(other)
  })

  test('is another where its run was begun with another input', () => {
    const places = ['17', '18'].map((order) => placesOf(firstPlaces(event('RunStarted', { input: { order } })), ['charge'])[0])
    expect(new Set(places).size).toBe(2)
  })

  test('of calls with keys of their own does not depend on which came first', () => {
    const call = (places: CallPlaces, key: string) => placeOfCall(places, event('TimerFired'), { tool: 'charge', key })
    const ab = [call(started, 'a'), call(call(started, 'a').places, 'b')]
    const ba = [call(started, 'b'), call(call(started, 'b').places, 'a')]
    expect([ab[0]?.place, ab[1]?.place]).toEqual([ba[1]?.place, ba[0]?.place])
  })

  test('counts turns and calls of the turn, and ends with a short digest', () => {
    const turn = after(started, [heard('charge')])
    const [first, second] = placesOf(turn, ['charge', 'charge'])
    expect(first).toMatch(/^1\.1\.[0-9a-f]{12}$/)
    expect(second).toMatch(/^1\.2\.[0-9a-f]{12}$/)
    expect(placesOf(after(turn, [event('TurnCompleted')]), ['charge'])[0]).toMatch(/^2\.1\./)
  })

  test('knows the newest message over turns that read none', () => {
    const quiet = after(started, [event('TurnCompleted')], ['x'])
    expect(quiet).not.toHaveProperty('newest')
    expect(quiet).not.toHaveProperty('opened')
    const late = after(started, [heard('charge'), event('TurnCompleted')])
    expect(late.newest).toBe(after(started, [heard('charge')]).newest)
    expect(after(late, [event('TurnCompleted')], ['charge']).opened).toBe(late.newest)
    expect(late).not.toHaveProperty('opened')
  })

  test('of a call that time has brought does not follow from what was said', () => {
    const by = (text: string) => placeOfCall(after(started, [heard(text)]), event('TimerFired'), { tool: 'charge', key: 'a' }).place
    expect(by('order 17')).toBe(by('order 18'))
  })

  test('of a call that a chart answers a message with follows from the message', () => {
    const by = (text: string) => placeOfCall(started, heard(text), { tool: 'charge', key: 'pay' }).place
    expect(by('order 17')).not.toBe(by('order 18'))
  })
})

describe('the name of a child run', () => {
  test('counts the runs that were asked for under its key, or of its agent', () => {
    const first = nameOfChild(started, { agent: 'middle', key: 'a' })
    const second = nameOfChild(first.places, { agent: 'middle', key: 'a' })
    const other = nameOfChild(second.places, { agent: 'middle' })
    expect([first.name, second.name, other.name]).toEqual(['a-1', 'a-2', 'middle-1'])
  })
})
