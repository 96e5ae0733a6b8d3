import { defineConfig, scriptedModel } from 'refold'
import { DESK_FOLDER, deskAgent, deskDependencies } from './desk.ts'
import { deskScript } from './script.ts'

export default defineConfig({
  dir: DESK_FOLDER,
  agents: [deskAgent()],
  models: { scripted: scriptedModel(deskScript) },
  dependencies: deskDependencies(),
})
