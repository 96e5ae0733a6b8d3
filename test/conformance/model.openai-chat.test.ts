import { openaiChatModel } from '../../src/models/openai/openai-chat-model.ts'
import { openaiChatWire } from '../support/model-server-wires.ts'
import { modelConformance } from './model.ts'

modelConformance('openai-chat', {
  wire: openaiChatWire,
  open: (baseUrl) => openaiChatModel({ apiKey: 'key-1', baseUrl }),
  hasConnection: true,
})
