import type { AnyMachineSnapshot } from 'xstate'
import type { RunEvent } from '../events/envelope.ts'
import { applyToBudget, emptyBudget } from '../projections/budget.ts'
import { applyToTranscript, emptyTranscript } from '../projections/transcript.ts'
import { actsAfter } from './acts.ts'
import { noteApproval, noteCall } from './call-books.ts'
import { firstPlaces, placesAfter } from './call-places.ts'
import { earlierAttemptsAfter } from './earlier-attempts.ts'
import { applyProjections } from './fold-projections.ts'
import { noteCommand } from './granted-commands.ts'
import { settleOwed, settleTimers } from './ledger.ts'
import { lifecycle } from './lifecycle.ts'
import type { Program, RunState } from './run-state.ts'

// What is known of a run beside where its charts stand.

/** Of a run that begins. */
export const firstBooks = (program: Program, event: RunEvent, started: RunState['started'], chart: AnyMachineSnapshot): RunState => ({
  runId: event.runId,
  revision: 0,
  hash: event.meta.hash,
  lastEventId: event.id,
  at: event.meta.at,
  started,
  correlationId: event.meta.correlationId,
  status: 'active',
  paused: false,
  chart,
  calls: new Map(),
  owed: new Map(),
  doubts: new Map(),
  places: firstPlaces(event),
  earlierAttempts: new Map(),
  acts: new Map(),
  approvals: new Map(),
  timers: new Map(),
  budget: applyToBudget(emptyBudget, event),
  transcript: emptyTranscript,
  ...applyProjections(program.projections, undefined, event),
  commandIds: noteCommand(new Map(), event),
})

/** All books but the charts. */
export const booksAfter = (program: Program, before: RunState, event: RunEvent): RunState => ({
  ...before,
  ...lifecycle(before, event),
  revision: event.revision,
  hash: event.meta.hash,
  lastEventId: event.id,
  at: event.meta.at,
  ...(event.type === 'MessageReceived' ? { newestMessage: event.revision } : {}),
  ...(event.type === 'RunFailed' && event.data.by === 'refold' ? { beforeFailure: before } : {}),
  calls: noteCall(before, event),
  owed: settleOwed(before.owed, event),
  places: placesAfter(before, event),
  earlierAttempts: earlierAttemptsAfter(before, event),
  acts: actsAfter(before, event),
  approvals: noteApproval(before.approvals, event),
  timers: settleTimers(before.timers, event),
  budget: applyToBudget(before.budget, event),
  transcript: applyToTranscript(before.transcript, event),
  ...applyProjections(program.projections, before, event),
  commandIds: noteCommand(before.commandIds, event),
})
