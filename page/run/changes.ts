import { count, money } from '../../src/projections/amount-text.ts'
import { timerName } from '../../src/projections/event-summary.ts'
import type { OpenWork } from '../../src/projections/open-work.ts'
import type { RunAt } from './run-fold.ts'

/** Something that is otherwise after an event than before it. */
export interface Change {
  readonly what: string
  readonly words: string
}

/** What an event has changed, from the two states around it. */
export const changesBetween = (before: RunAt | undefined, after: RunAt): readonly Change[] => [
  ...(before?.place === after.place
    ? []
    : [{ what: 'state', words: before === undefined ? after.place : `${before.place} → ${after.place}` }]),
  ...callChanges(before, after),
  ...workChanges(before, after),
  ...timerChanges(before, after),
  ...budgetChanges(before, after),
]

const callChanges = (before: RunAt | undefined, after: RunAt): readonly Change[] =>
  after.movedCalls.flatMap((callId) => {
    const [earlier, place = ''] = [before?.callPlaces.get(callId), after.callPlaces.get(callId)]
    return earlier === place ? [] : [{ what: `call ${callId}`, words: earlier === undefined ? place : `${earlier} → ${place}` }]
  })

const workChanges = (before: RunAt | undefined, after: RunAt): readonly Change[] => {
  const old = before?.work ?? new Map<string, OpenWork>()
  const begun = [...after.work]
    .filter(([key]) => !old.has(key))
    .map(([key, { intent }]) => ({ what: 'owed', words: `+ ${intent ?? ''} ${key}` }))
  const done = [...old.keys()].filter((key) => !after.work.has(key)).map((key: string) => ({ what: 'owed', words: `− ${key}` }))
  const moved = [...after.work].flatMap(([key, { status, owner }]) => {
    const earlier = before?.work.get(key)
    if (earlier === undefined || (earlier.status === status && earlier.owner === owner)) return []
    return [{ what: 'owed', words: `${key} ${earlier.status} → ${status}${owner === undefined ? '' : ` by ${owner}`}` }]
  })
  return [...begun, ...done, ...moved]
}

const timerChanges = (before: RunAt | undefined, after: RunAt): readonly Change[] => {
  const old = Object.keys(before?.timers ?? {})
  const now = Object.keys(after.timers)
  return [
    ...now.filter((id) => !old.includes(id)).map((id) => ({ what: 'timer', words: `+ ${timerName(id)}` })),
    ...old.filter((id) => !now.includes(id)).map((id) => ({ what: 'timer', words: `− ${timerName(id)}` })),
  ]
}

const budgetChanges = (before: RunAt | undefined, { budget }: RunAt): readonly Change[] => {
  const old = before?.budget
  if (old === undefined) return []
  const numbers = (['turn', 'iterations', 'toolCalls', 'tokens'] as const).flatMap((name) =>
    old[name] === budget[name] ? [] : [{ what: name, words: `${count(old[name])} → ${count(budget[name])}` }],
  )
  if (old.costMicroUsd === budget.costMicroUsd) return numbers
  return [...numbers, { what: 'cost', words: `${money(old.costMicroUsd)} → ${money(budget.costMicroUsd)}` }]
}
