// A worker that is killed between the charge and the record of it.
import { defineConfig, scriptedModel } from 'refold'
import { DESK_FOLDER, deskAgent } from './desk.ts'
import { deskScript } from './script.ts'

const afterCharge = (): void => {
  process.kill(process.pid, 'SIGKILL')
}

export default defineConfig({ dir: DESK_FOLDER, agents: [deskAgent({ afterCharge })], models: { scripted: scriptedModel(deskScript) } })
