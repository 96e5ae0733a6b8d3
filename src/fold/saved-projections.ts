import { attempted } from '../errors.ts'
import { sha256 } from '../hash.ts'
import { canonicalJson, MAX_JSON_DEPTH, type Json } from '../json.ts'
import type { Projection } from '../projections/projection.ts'
import { functionSyntax } from '../statechart/function-syntax.ts'

/** The state of a projection in a snapshot, and whose it is. */
export interface SavedProjection {
  readonly name: string
  readonly version: string | number | null
  /** Hash of its functions. */
  readonly code: string
  readonly state: Json
}

/** In the order of the projections. Undefined where one of them cannot be saved, so that nothing would bring back what it holds. */
export const saveProjections = (projections: readonly Projection[], states: readonly unknown[]): readonly SavedProjection[] | undefined => {
  const saved: SavedProjection[] = []
  for (const [index, projection] of projections.entries()) {
    const identity = identityOf(projection)
    const state = savedState(projection, states[index])
    if (identity === undefined || state === undefined) return undefined
    saved.push({ ...identity, state })
  }
  return saved
}

/** The states; undefined where the projections are not those that were saved, or one of them cannot load its state. */
export const loadProjections = (projections: readonly Projection[], saved: readonly SavedProjection[]): readonly unknown[] | undefined => {
  if (saved.length !== projections.length) return undefined
  const states: unknown[] = []
  for (const [index, { state, ...identity }] of saved.entries()) {
    const projection = projections[index]
    if (projection === undefined || canonicalJson(identity) !== canonicalJson(identityOf(projection) ?? null)) return undefined
    const loaded = attempted(() => loadedState(projection, state), asItIs)
    if (!loaded.ok) return undefined
    states.push(loaded.value)
  }
  return states
}

const asItIs = (value: unknown): unknown => value

/** Undefined where neither its version nor the text of its functions would show that it was changed. */
const identityOf = (projection: Projection): Omit<SavedProjection, 'state'> | undefined => {
  const { name, version } = projection
  const functions = (['initial', 'apply', 'save', 'load'] as const).map((part) => syntaxOf(projection, part))
  const isShown = functions.every((syntax) => !isUnreadable(syntax))
  return version === undefined && !isShown
    ? undefined
    : { name, version: version ?? null, code: sha256(canonicalJson(functions)).slice(0, 16) }
}

type Functions = Readonly<Partial<Record<'initial' | 'apply' | 'save' | 'load', (...args: never[]) => unknown>>>

const syntaxOf = (functions: Functions, part: keyof Functions): unknown =>
  functions[part] === undefined ? null : functionSyntax(functions[part])

const isUnreadable = (syntax: unknown): boolean => typeof syntax === 'object' && syntax !== null && 'unreadable' in syntax

const loadedState = (projection: Projection, saved: Json): unknown => (projection.load === undefined ? saved : projection.load(saved))

/** What `save` gives, or the state itself: only where JSON carries it as it is, and `load` makes of it what is saved as the same again. */
const savedState = (projection: Projection, state: unknown): Json | undefined => {
  const saved = savedBy(projection, state)
  if (saved === undefined || projection.load === undefined) return saved
  const again = attempted(
    () => loadedState(projection, JSON.parse(JSON.stringify(saved)) as Json),
    (loaded) => savedBy(projection, loaded),
  )
  return again.ok && again.value !== undefined && canonicalJson(again.value) === canonicalJson(saved) ? saved : undefined
}

const savedBy = (projection: Projection, state: unknown): Json | undefined => {
  const saved = attempted(() => (projection.save === undefined ? state : projection.save(state)), exactJson)
  return saved.ok ? saved.value : undefined
}

/** In characters, about: a larger state is folded and not saved. */
const MOST_CHARACTERS = 1_000_000

/** The value, where its JSON text gives the very same again. */
const exactJson = (value: unknown): Json | undefined => (isExact(value, 0, { left: MOST_CHARACTERS }) ? (value as Json) : undefined)

interface Room {
  left: number
}

const isExact = (value: unknown, depth: number, room: Room): boolean => {
  room.left -= typeof value === 'string' ? value.length + 2 : 2
  if (room.left < 0) return false
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
    case 'object':
      return value === null || (depth < MAX_JSON_DEPTH && hasExactMembers(value, depth + 1, room))
    default:
      return false
  }
}

const hasExactMembers = (value: object, depth: number, room: Room): boolean => {
  const isArray = Array.isArray(value)
  if (Object.getPrototypeOf(value) !== (isArray ? Array.prototype : Object.prototype)) return false
  const keys = Reflect.ownKeys(value)
  // The length of an array is a key of its own.
  if (isArray && keys.length !== value.length + 1) return false
  return keys.every((key) => {
    const member = Object.getOwnPropertyDescriptor(value, key)
    if (typeof key === 'symbol' || member === undefined || !('value' in member)) return false
    if (!member.enumerable) return isArray && key === 'length'
    room.left -= isArray ? 0 : key.length
    return isExact(member.value, depth, room)
  })
}
