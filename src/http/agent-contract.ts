import { z } from 'zod'

const agent = z.object({
  name: z.string(),
  version: z.string(),
  isNewest: z.boolean().meta({ description: 'whether new runs begin with this version' }),
  conversational: z.boolean().meta({ description: 'whether it begins with a message' }),
  models: z.array(z.string()).readonly(),
  tools: z.array(z.object({ name: z.string(), description: z.string(), effect: z.enum(['read', 'idempotent', 'once']) })).readonly(),
})
export const agentList = z.object({ agents: z.array(agent.meta({ id: 'Agent' })).readonly() }).meta({ id: 'AgentList' })
