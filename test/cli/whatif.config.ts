import { defineConfig } from 'refold'
import { deskIn } from './whatif-desk.ts'

const { agents, models, prices } = deskIn(process.cwd())

export default defineConfig({ dir: 'data', agents, ...(models && { models }), ...(prices && { prices }) })
