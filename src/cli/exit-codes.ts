import type { ErrorCode } from '../errors.ts'

/** What a process ends with. The help of `refold` prints this table. */
export const exitCodes = {
  ok: 0,
  wrong: 1,
  usage: 2,
  notFound: 3,
  notPossible: 4,
  store: 5,
  configuration: 6,
  gate: 7,
  internal: 70,
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

export const exitCodeMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: 'done',
  wrong: 'what was looked at is not in order: a replay differs, the doctor found something, the run failed',
  usage: 'wrong usage or input',
  notFound: 'no such run or agent',
  notPossible: 'the run is in no state to grant this now',
  store: 'the log cannot be reached, read or written',
  configuration: 'the configuration cannot work as it is',
  gate: 'an eval does not meet what was asked of it, or too little of it was run to say',
  internal: 'a defect of refold itself',
  interrupted: 'interrupted',
}

const byErrorCode: Readonly<Record<ErrorCode, ExitCode>> = {
  UnexpectedEvent: exitCodes.wrong,
  CodeFailed: exitCodes.configuration,
  InvalidInput: exitCodes.usage,
  TooLarge: exitCodes.usage,
  QueryTooLong: exitCodes.usage,
  TooManyQueries: exitCodes.notPossible,
  BlobNotFound: exitCodes.notFound,
  RunNotFound: exitCodes.notFound,
  RunDeleted: exitCodes.notFound,
  StreamNotFound: exitCodes.notFound,
  StreamDeleted: exitCodes.notFound,
  UnknownAgent: exitCodes.notFound,
  IdempotencyKeyReused: exitCodes.usage,
  NotPossible: exitCodes.notPossible,
  EventLogConflict: exitCodes.notPossible,
  Closed: exitCodes.notPossible,
  EventLogUnavailable: exitCodes.store,
  StoreUnavailable: exitCodes.store,
  LogRestored: exitCodes.store,
  EventLogCorrupt: exitCodes.store,
  OutcomeUnknown: exitCodes.store,
  BusUnavailable: exitCodes.store,
  BusFenced: exitCodes.notPossible,
  UnknownEvent: exitCodes.store,
  InvalidConfiguration: exitCodes.configuration,
  UnknownPrice: exitCodes.configuration,
  ChartChanged: exitCodes.configuration,
  ChartInvalid: exitCodes.configuration,
  RecordingMissing: exitCodes.configuration,
}

export const exitCodeOf = (code: ErrorCode): ExitCode => byErrorCode[code]
