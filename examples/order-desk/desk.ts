import { join } from 'node:path'
import { defineAgent, openRefold, scriptedModel, type OpenRefold } from 'refold'
import { z } from 'zod'
import { unsteadyCarrier } from './carrier.ts'
import { letterAgent } from './letters.ts'
import { deskScript } from './script.ts'
import { fileShop, type Shop } from './shop.ts'
import { deskTools } from './tools.ts'

export const DESK_FOLDER = join('.refold', 'order-desk')

const scripted = ['scripted/desk-large', 'scripted/desk-small']

/** Who writes: what a shop knows of its customer, and no customer has to say. */
const customer = z.object({ name: z.string().default('a customer'), language: z.string().default('English') }).prefault({})

/** Of real vendors; the script plays both models without them. */
export const deskAgent = (models: readonly string[] = scripted) =>
  defineAgent({
    name: 'order-desk',
    version: '1',
    context: customer,
    instructions: ({ name, language }) =>
      `You are the order desk of a small shop and talk with ${name}. Use the tools; never guess. Answer in one or two sentences, in ${language}.`,
    models,
    tools: deskTools,
    limits: { iterationsPerTurn: 6, repeatedCalls: 3, costUsd: 0.5 },
    failurePolicy: { overloaded: { attempts: 2, baseDelayMs: 40, maxDelayMs: 400, then: 'nextModel' } },
  })

/** What the tools of the desk need: code that each process has itself. */
export const deskDependencies = (shop: Shop = fileShop(DESK_FOLDER)) => ({ shop, carrier: unsteadyCarrier() })

export interface Desk {
  readonly refold: OpenRefold
  readonly shop: Shop
}

export interface DeskOptions {
  readonly dir?: string
  readonly models?: readonly string[]
  readonly shop?: Shop
}

export const openDesk = async ({ dir = DESK_FOLDER, models, shop = fileShop(dir) }: DeskOptions = {}): Promise<Desk> => {
  const refold = await openRefold({
    dir,
    agents: [deskAgent(models), letterAgent],
    models: { scripted: scriptedModel(deskScript) },
    dependencies: deskDependencies(shop),
  })
  return { refold, shop }
}
