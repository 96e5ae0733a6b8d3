import { defineAgent, defineConfig, type Agent } from 'refold'

const agent = (provider: string): Agent =>
  defineAgent({ name: provider, version: '1', instructions: 'Help.', models: [`${provider}/one`], limits: { costUsd: null } })

export default defineConfig({ dir: 'vendors', agents: [agent('openai'), agent('anthropic')] })
