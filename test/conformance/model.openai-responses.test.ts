import { openaiResponsesModel } from '../../src/models/model.openai-responses.ts'
import { openaiResponsesWire } from '../support/model-server-wires.ts'
import { modelConformance } from './model.ts'

modelConformance('openai-responses', {
  wire: openaiResponsesWire,
  open: (baseUrl) => openaiResponsesModel({ apiKey: 'key-1', baseUrl }),
  hasConnection: true,
})
