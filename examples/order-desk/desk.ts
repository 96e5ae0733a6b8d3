import { join } from 'node:path'
import { defineAgent, openRefold, scriptedModel, type OpenRefold } from 'refold'
import { deskScript } from './script.ts'
import { fileShop, type Shop } from './shop.ts'
import { deskTools } from './tools.ts'

export const DESK_FOLDER = join('.refold', 'order-desk')

const scripted = ['scripted/desk-large', 'scripted/desk-small']

export interface Desk {
  readonly refold: OpenRefold
  readonly shop: Shop
}

export interface DeskOptions {
  readonly dir?: string
  /** Of real vendors; the script plays both models without them. */
  readonly models?: readonly string[]
  readonly afterCharge?: () => void
}

export const deskAgent = ({ dir = DESK_FOLDER, models = scripted, afterCharge = () => undefined }: DeskOptions = {}) =>
  defineAgent({
    name: 'order-desk',
    version: '1',
    instructions: 'You are the order desk of a small shop. Use the tools; never guess. Answer in one or two sentences.',
    models,
    tools: deskTools({ shop: fileShop(dir), afterCharge }),
    limits: { iterationsPerTurn: 6, repeatedCalls: 3, costUsd: 0.5 },
    failurePolicy: { overloaded: { attempts: 2, baseDelayMs: 40, maxDelayMs: 400, then: 'nextModel' } },
  })

export const openDesk = async (options: DeskOptions = {}): Promise<Desk> => {
  const dir = options.dir ?? DESK_FOLDER
  const refold = await openRefold({ dir, agents: [deskAgent(options)], models: { scripted: scriptedModel(deskScript) } })
  return { refold, shop: fileShop(dir) }
}
