import { defineConfig } from 'refold'
import { clerk, models } from './clerk.ts'

export default defineConfig({ dir: 'data', agents: [clerk], models })
