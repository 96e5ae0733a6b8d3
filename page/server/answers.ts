import { createStore } from '@xstate/store'
import { useSelector } from '@xstate/store-preact'
import { useEffect } from 'preact/hooks'
import { ask } from './ask.ts'
import type { ViewPage } from './contract.ts'

/** What the server has answered, by the path that was asked: figures, which stay as they were until somebody asks for others. */
interface Answers {
  readonly byPath: ReadonlyMap<string, Answer>
}

interface Answer {
  readonly value?: unknown
  readonly error?: unknown
}

type Asks = (path: string) => Promise<unknown>

const MOST_KEPT = 50
const initial: Answers = { byPath: new Map() }

const answers = createStore({
  context: initial,
  on: {
    wanted: (before, { path, asks }: { path: string; asks: Asks }, enqueue): Answers => {
      const known = before.byPath.get(path)
      if (known !== undefined && known.error === undefined) return before
      enqueue.effect(() => void load(path, asks))
      return { byPath: new Map([...[...before.byPath].slice(1 - MOST_KEPT), [path, {}]]) }
    },
    answered: (before, { path, answer }: { path: string; answer: Answer }): Answers => ({
      byPath: new Map(before.byPath).set(path, answer),
    }),
    forgotten: (before, _: unknown) => ({ ...before, byPath: new Map<string, Answer>() }),
  },
})

const load = async (path: string, asks: Asks): Promise<void> => {
  try {
    answers.trigger.answered({ path, answer: { value: await asks(path) } })
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
export const useAnswer = <Value>(path: string | undefined, asks: Asks = ask): Answered<Value> => {
  const known = useSelector(answers, ({ context }) => (path === undefined ? undefined : context.byPath.get(path)))
  useEffect(() => {
    if (path !== undefined && known === undefined) answers.trigger.wanted({ path, asks })
  }, [path, known])
  return { value: known?.value as Value | undefined, error: known?.error }
}

const MOST_PAGES = 20

/** All pages of a view as one; where there are too many of them, its `next` is not null. */
const askAll = async (path: string): Promise<ViewPage<unknown>> => {
  const first = await ask<ViewPage<unknown>>(path)
  const rows = [...first.rows]
  let { next } = first
  for (let pages = 1; next !== null && pages < MOST_PAGES; pages++) {
    const page: ViewPage<unknown> = await ask(`${path}&cursor=${encodeURIComponent(next)}`)
    rows.push(...page.rows)
    next = page.next
  }
  return { ...first, rows, next }
}

/** The rows of a view, whose path has a query. */
export const useRows = <Row>(path: string | undefined): Answered<ViewPage<Row>> => useAnswer<ViewPage<Row>>(path, askAll)
