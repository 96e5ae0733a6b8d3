import { defineConfig } from 'refold'
import { clerk, form, models } from './clerk.ts'

export default defineConfig({ dir: 'data', agents: [clerk, form], models })
