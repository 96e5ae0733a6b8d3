import { createStore } from '@xstate/store'
import { useSelector } from '@xstate/store-preact'
import { useEffect } from 'preact/hooks'
import { ask } from './ask.ts'

/** What the server has answered, by the path that was asked: figures, which stay as they were until somebody asks for others. */
interface Answers {
  readonly byPath: ReadonlyMap<string, Answer>
}

interface Answer {
  readonly value?: unknown
  readonly error?: unknown
}

const MOST_KEPT = 50
const initial: Answers = { byPath: new Map() }

const answers = createStore({
  context: initial,
  on: {
    wanted: (before, { path }: { path: string }, enqueue): Answers => {
      const known = before.byPath.get(path)
      if (known !== undefined && known.error === undefined) return before
      enqueue.effect(() => void load(path))
      return { byPath: new Map([...[...before.byPath].slice(1 - MOST_KEPT), [path, {}]]) }
    },
    answered: (before, { path, answer }: { path: string; answer: Answer }): Answers => ({
      byPath: new Map(before.byPath).set(path, answer),
    }),
    forgotten: (before, _: unknown) => ({ ...before, byPath: new Map<string, Answer>() }),
  },
})

const load = async (path: string): Promise<void> => {
  try {
    answers.trigger.answered({ path, answer: { value: await ask(path) } })
  } catch (error) {
    answers.trigger.answered({ path, answer: { error } })
  }
}

/** Asks again for all that is asked for. */
export const forgetAnswers = (): void => {
  answers.trigger.forgotten({})
}

interface Answered<Value> {
  readonly value: Value | undefined
  readonly error: unknown
}

/** `value` is undefined while nobody has answered; nothing is asked without a path. */
export const useAnswer = <Value>(path: string | undefined): Answered<Value> => {
  const known = useSelector(answers, ({ context }) => (path === undefined ? undefined : context.byPath.get(path)))
  useEffect(() => {
    if (path !== undefined && known === undefined) answers.trigger.wanted({ path })
  }, [path, known])
  return { value: known?.value as Value | undefined, error: known?.error }
}
