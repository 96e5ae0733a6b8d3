import {
  createActor,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventObject,
  type InspectionEvent,
  type Snapshot,
  type StateValue,
} from 'xstate'
import type { ChartDriver } from './driver.ts'
import { edgeIdsByTransition, type ChartGraph } from './graph.ts'

/** The edges that an event takes, by their ids in the chart's graph, those of `always` too. For pictures: much slower than a step. */
export const takenEdges = (driver: ChartDriver): ((before: AnyMachineSnapshot, event: EventObject) => readonly string[]) => {
  const ids = edgeIdsByTransition(driver.machine)
  return (before, event) => {
    const taken: string[] = []
    const inspect = (seen: InspectionEvent): void => {
      if (seen.type === '@xstate.microstep') taken.push(...seen._transitions.flatMap((transition) => ids.get(transition) ?? []))
    }
    send(driver.machine, { snapshot: driver.persist(before) as unknown as Snapshot<unknown>, event, inspect })
    return taken
  }
}

/** The same chart, and `hear` is told of each of its steps which edges it took and where it stands then. */
export const listenedTo = (driver: ChartDriver, hear: (taken: readonly string[], snapshot: AnyMachineSnapshot) => void): ChartDriver => {
  const edgesOf = takenEdges(driver)
  return {
    ...driver,
    step: (before, event) => {
      const next = driver.step(before, event)
      hear(edgesOf(before, event), next.snapshot)
      return next
    },
  }
}

interface Sent {
  readonly snapshot: Snapshot<unknown>
  readonly event: EventObject
  readonly inspect: (seen: InspectionEvent) => void
}

const neverFires = { setTimeout: () => 0, clearTimeout: () => undefined }

const send = (machine: AnyStateMachine, { snapshot, event, inspect }: Sent): void => {
  const actor = createActor(machine, { snapshot, inspect, clock: neverFires })
  // Without an observer XState throws the error of a guard on a later turn of the process.
  actor.subscribe({ error: () => undefined })
  actor.start()
  actor.send(event)
  actor.stop()
}

/** The ids of the states that are active, each before its children. */
export const activeStates = (graph: ChartGraph, snapshot: AnyMachineSnapshot): readonly string[] => {
  const [root] = graph.nodes
  return root === undefined ? [] : [root.id, ...activeWithin(graph, root.id, snapshot.value as StateValue)]
}

const activeWithin = (graph: ChartGraph, parent: string, value: StateValue): readonly string[] =>
  Object.entries(typeof value === 'string' ? { [value]: {} } : value).flatMap(([key, inner]) => {
    const node = graph.nodes.find((each) => each.parent === parent && each.key === key)
    return node === undefined ? [] : [node.id, ...activeWithin(graph, node.id, inner ?? {})]
  })
