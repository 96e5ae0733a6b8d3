import { textsOf } from '../src/events/content.ts'
import { z } from 'zod'
import { defineAgent, defineTool, scriptedModel, type Agent, type Model } from 'refold'

// The subject of every figure: an agent whose model and tool take no time, so that what is left is Refold's own.
// A turn of its loop is one model call and one tool call, each a durable step: an append of two events.

export const PAGE_LENGTH = 1_024

export interface Onlookers {
  /** An effect begins: the step that asked for it is durable by then. */
  readonly onEffect?: () => void
  /** A run has its answer, which only has to be recorded. */
  readonly onAnswer?: () => void
}

export interface Reader {
  readonly agent: Agent
  readonly model: Model
}

/** Beside those of the loop, the first step starts the run and the last one takes the answer. */
export const stepsOf = (turns: number): number => 2 * turns + 2

const usage = { inputTokens: 1_000, outputTokens: 20, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 }

/** Reads as many pages as its message says, one after the other, and answers. */
export const pageReader = ({ onEffect, onAnswer }: Onlookers = {}): Reader => {
  const readPage = defineTool({
    name: 'read_page',
    description: 'Reads one page of the book.',
    input: z.object({ page: z.int() }),
    output: z.string(),
    effect: 'read',
    execute: ({ page }) => {
      onEffect?.()
      return Promise.resolve(`Page ${page}. `.padEnd(PAGE_LENGTH, 'What a page says is of no interest here. '))
    },
  })
  const agent = defineAgent({
    name: 'page-reader',
    version: '1',
    instructions: 'Read all pages, one after the other, then answer.',
    models: ['scripted/reader'],
    tools: [readPage],
    limits: {
      iterationsPerTurn: null,
      toolCallsPerTurn: null,
      tokens: null,
      costUsd: null,
      wallTimeMs: null,
      repeatedCalls: null,
      cycles: null,
    },
  })
  const model = scriptedModel(({ model: name, messages }) => {
    onEffect?.()
    const [question] = messages
    const pages = question?.role === 'user' ? Number(textsOf(question.parts)) : 0
    const page = messages.length >> 1
    const isRead = page >= pages
    if (isRead) onAnswer?.()
    return {
      ok: true,
      parts: isRead
        ? [{ type: 'text', text: 'I have read all pages.' }]
        : [{ type: 'toolCall', id: `call_${page + 1}`, name: 'read_page', argumentsText: `{"page":${page + 1}}` }],
      stop: isRead ? 'stop' : 'tool_calls',
      usage,
      model: name,
      dropped: [],
    }
  })
  return { agent, model }
}
