import { defineAgent, defineConfig } from 'refold'
import { changedForm, clerk, form, models } from './clerk.ts'

const nextClerk = defineAgent({
  name: 'clerk',
  version: '2',
  instructions: 'Help with a smile.',
  models: ['scripted/one'],
  tools: [...clerk.tools.values()],
})

const namesake = defineAgent({ name: 'form', version: '2', chart: changedForm.program.run.machine })

export default defineConfig({ dir: 'data', agents: [clerk, nextClerk, form, namesake], models })
