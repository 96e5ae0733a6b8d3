import type { Airline } from './dataset.ts'
import { airlineAgent, type AirlineAgent } from './agent.ts'
import { jsonText } from './json-text.ts'
import { parseJson } from './parse-json.ts'

/** Three versions of the agent: the one that was recorded, one whose change is harmless, and one whose tools return wrong seats. */
export const airlineVersions = (airline: Airline, models: readonly string[]): readonly AirlineAgent[] => [
  airlineAgent(airline, models),
  airlineAgent(airline, models, { version: '2', told: (_, text) => readAndWritten(text) }),
  airlineAgent(airline, models, { version: '3', told: (_, text) => inAnotherCabin(text) }),
]

/** Through other code to the same text. */
const readAndWritten = (text: string): string => {
  try {
    return jsonText(parseJson(text))
  } catch {
    return text
  }
}

/** Whoever has booked business is told economy, and whoever is told of free seats of one cabin is told those of another. */
const inAnotherCabin = (text: string): string =>
  text.replaceAll(/"(basic_economy|economy|business)"/g, (_, cabin: string) => `"${CABINS[(CABINS.indexOf(cabin) + 1) % CABINS.length]}"`)

const CABINS = ['basic_economy', 'economy', 'business']
