import type { AirlineData, ToolOutcome } from './airline-data.ts'
import { parseJson } from './parse-json.ts'
import { Refusal } from './refusal.ts'
import { bookReservation } from './tools/book-reservation.ts'
import { cancelReservation, updateReservationPassengers } from './tools/change-reservation.ts'
import { getReservationDetails, getUserDetails, listAllAirports } from './tools/look-up.ts'
import { searchDirectFlight, searchOnestopFlight } from './tools/search-flights.ts'
import { sendCertificate } from './tools/send-certificate.ts'
import { updateReservationBaggages, updateReservationFlights } from './tools/update-reservation.ts'
import { calculate, think, transferToHumanAgents } from './tools/without-data.ts'
import { isObject, type ObjectValue } from './value.ts'

const reducers = new Map([
  bookReservation,
  calculate,
  cancelReservation,
  getReservationDetails,
  getUserDetails,
  listAllAirports,
  searchDirectFlight,
  searchOnestopFlight,
  sendCertificate,
  think,
  transferToHumanAgents,
  updateReservationBaggages,
  updateReservationFlights,
  updateReservationPassengers,
])

/** Sorted. */
export const toolNames: readonly string[] = Array.from(reducers.keys()).sort()

/**
 * One tool call as a pure function: the same data and arguments lead to the same outcome, and the data given are never changed.
 * Never throws for what a model may send; a call that cannot be done answers `Error: …` and leaves the data as they are.
 * (But a certificate listed twice in one booking is used up before the booking fails, as in the benchmark.)
 */
export const callTool = (data: AirlineData, name: string, argumentsText: string): ToolOutcome => {
  const reduce = reducers.get(name)
  if (reduce === undefined) return { data, text: `Unknown action ${name}` }
  try {
    return reduce(data, parseArguments(argumentsText))
  } catch (thrown) {
    if (thrown instanceof Refusal || thrown instanceof SyntaxError) return { data, text: `Error: ${thrown.message}` }
    throw thrown
  }
}

const parseArguments = (text: string): ObjectValue => {
  const args = parseJson(text)
  if (!isObject(args)) throw new Refusal('expected the arguments as a JSON object')
  return args
}
