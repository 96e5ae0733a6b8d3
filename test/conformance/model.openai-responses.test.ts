import { openaiResponsesModel } from '../../src/models/openai/openai-responses-model.ts'
import { openaiResponsesWire } from '../support/model-server-wires.ts'
import { modelConformance } from './model.ts'

modelConformance('openai-responses', {
  wire: openaiResponsesWire,
  open: (baseUrl) => openaiResponsesModel({ apiKey: 'key-1', baseUrl }),
  hasConnection: true,
})
