import { answer, failure, toolCalls, type ModelRequest, type ModelScript } from 'refold'

/** A model of a few lines: it reads in the conversation how far it is, so a restart takes it no further back than a real one. */
export const deskScript: ModelScript = (request) => {
  const question = lastQuestion(request)
  const results = toolResultsSince(request, question.index)
  if (request.toolChoice === 'none') return answer('I looked several times and found nothing new. Somebody will get back to you.')
  if (question.text.includes('kettle')) {
    if (request.model === 'desk-large') return failure('overloaded', { message: 'the large model has no capacity' })
    return answer('We have blue kettles again, 39 $ each.')
  }
  if (question.text.includes('my order 17')) return results === 0 ? call('lookup_order', '17') : results === 1 ? call('track_parcel', '17') : answer('Your blue kettle is at the depot in Lyon.')
  if (question.text.includes('refund')) return results === 0 ? call('refund_order', '18') : answer('Done: 240 $ are on their way back to you.')
  if (question.text.includes('charge')) return results === 0 ? call('charge_card', '21') : answer('Your card was charged 25 $. The knife ships today.')
  return call('lookup_order', '17')
}

const call = (name: string, id: string) => toolCalls([{ name, arguments: { id } }])

const lastQuestion = ({ messages }: ModelRequest): { text: string; index: number } => {
  const index = messages.findLastIndex(({ role }) => role === 'user')
  const message = messages[index]
  return { text: message?.role === 'user' ? message.text : '', index }
}

const toolResultsSince = ({ messages }: ModelRequest, index: number): number => messages.slice(index).filter(({ role }) => role === 'tool').length
