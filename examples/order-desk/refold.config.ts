import { join } from 'node:path'
import { defineConfig, scriptedModel } from 'refold'
import { DESK_FOLDER, deskAgent, deskDependencies } from './desk.ts'
import { letterAgent } from './letters.ts'
import { deskScript } from './script.ts'

export default defineConfig({
  dir: DESK_FOLDER,
  agents: [deskAgent(), letterAgent],
  models: { scripted: scriptedModel(deskScript) },
  dependencies: deskDependencies(),
  datasets: { dir: join(DESK_FOLDER, 'datasets'), grow: [{ name: 'desk', agent: 'order-desk' }] },
})
