import { defineConfig } from 'refold'
import { changedForm, clerk, models } from './clerk.ts'

export default defineConfig({ dir: 'data', agents: [clerk, changedForm], models })
