import { beginning } from '../text.ts'
import type { Bus, BusMessage, DeliveredMessage, Publisher } from '../bus/bus.ts'
import type { Clock } from '../clock.ts'

/** A message that nobody could take in, and why. */
export interface DeadLetter {
  readonly message: DeliveredMessage
  /** Of the error. */
  readonly code: string
  readonly reason: string
}

export interface DeadLetters {
  /** Rejects with what the bus says; then none, some or all are there. */
  publish(letters: readonly DeadLetter[]): Promise<void>
}

const LONGEST_REASON = 1_000

/** The messages come as they were, with `dlq-…` headers that tell the reason and where each one lay. */
export const deadLetters = (bus: Bus, topic: string, clock: Clock): DeadLetters => {
  let publisher: Promise<Publisher> | undefined
  return {
    async publish(letters) {
      if (letters.length === 0) return
      publisher ??= bus.openPublisher()
      try {
        await (await publisher).publish([{ topic, messages: letters.map((letter) => toMessage(letter, clock.now())) }])
      } catch (error) {
        const failed = publisher
        publisher = undefined
        await failed.then((opened) => opened.close()).catch(() => undefined)
        throw error
      }
    },
  }
}

const toMessage = ({ message, code, reason }: DeadLetter, at: number): BusMessage => ({
  key: message.key,
  value: message.value,
  headers: {
    ...message.headers,
    'dlq-code': code,
    'dlq-reason': beginning(reason, LONGEST_REASON).toWellFormed(),
    'dlq-topic': message.topic,
    'dlq-partition': String(message.partition),
    'dlq-offset': String(message.offset),
    'dlq-at': new Date(at).toISOString(),
  },
})
