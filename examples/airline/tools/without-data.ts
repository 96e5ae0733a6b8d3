import { calculate as valueOf } from '../calculate.ts'
import { toolReducer } from './tool-reducer.ts'

export const calculate = toolReducer('calculate', ['expression'], (data, args) => ({ data, text: valueOf(args.expression) }))

export const think = toolReducer('think', ['thought'], (data) => ({ data, text: '' }))

/** Whoever drives the conversation ends it after this call, also where its arguments were wrong. */
export const transferToHumanAgents = toolReducer('transfer_to_human_agents', ['summary'], (data) => ({ data, text: 'Transfer successful' }))
