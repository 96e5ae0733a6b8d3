import { anthropicModel } from '../../src/models/anthropic/anthropic-model.ts'
import { anthropicWire } from '../support/model-server-wires.ts'
import { modelConformance } from './model.ts'

modelConformance('anthropic', {
  wire: anthropicWire,
  open: (baseUrl) => anthropicModel({ apiKey: 'key-1', baseUrl }),
  hasConnection: true,
})
