/** Who writes to the desk, in the order of the story; each begins a run of this id. */
export const customers = {
  parcel: 'Where is my order 17?',
  kettle: 'Do you have a blue kettle?',
  refund: 'I want a refund for order 18.',
  circles: 'Please check again and again.',
  charge: 'Please charge my card for order 21.',
} as const

export type CustomerRun = keyof typeof customers

export const customerRuns = Object.keys(customers) as readonly CustomerRun[]

/** The run of the customer who sends a picture. */
export const PICTURE = 'broken-item'

/** What the person at the desk says where the agent was stopped. */
export const personsAnswer = { by: 'dana', text: 'I had a look myself: all is well with your order.' }
