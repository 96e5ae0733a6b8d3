import { answer, contentText, failure, toolCalls, type ModelRequest, type ModelScript } from 'refold'

const call = (name: string, id: string) => toolCalls([{ name, arguments: { id } }])

const bothParcels = answer('Both parcels are at the depot in Lyon.')

/** What the model does after no, one, two … tool results. */
const scenes = [
  {
    about: 'my order 17',
    steps: [call('lookup_order', '17'), call('track_parcel', '17'), answer('Your blue kettle is at the depot in Lyon.')],
  },
  {
    about: 'orders 17 and 19',
    steps: [toolCalls(['17', '19'].map((id) => ({ name: 'track_parcel', arguments: { id } }))), bothParcels, bothParcels],
  },
  {
    about: 'came like this',
    steps: [call('lookup_order', '17'), answer('Your picture shows a crack in the lid. A new one is on its way.')],
  },
  { about: 'refund', steps: [call('refund_order', '18'), answer('Done: 240 $ are on their way back to you.')] },
  { about: 'charge', steps: [call('charge_card', '21'), answer('Your card was charged 25 $. The knife ships today.')] },
]

/** A model of a few lines: it reads in the conversation how far it is, so a restart takes it no further back than a real one. */
export const deskScript: ModelScript = (request) => {
  const question = lastQuestion(request)
  const results = toolResultsSince(request, question.index)
  if (request.toolChoice === 'none') return answer('I looked several times and found nothing new. Somebody will get back to you.')
  if (question.text.includes('kettle')) {
    if (request.model === 'desk-large') return failure('overloaded', { message: 'the large model has no capacity' })
    return answer('We have blue kettles again, 39 $ each.')
  }
  const scene = scenes.find(({ about }) => question.text.includes(about))
  return scene?.steps[results] ?? call('lookup_order', '17')
}

const lastQuestion = ({ messages }: ModelRequest): { text: string; index: number } => {
  const index = messages.findLastIndex(({ role }) => role === 'user')
  const message = messages[index]
  return { text: message?.role === 'user' ? contentText(message.parts) : '', index }
}

const toolResultsSince = ({ messages }: ModelRequest, index: number): number =>
  messages.slice(index).filter(({ role }) => role === 'tool').length
