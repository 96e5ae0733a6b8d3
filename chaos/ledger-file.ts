/** In the working folder of all processes of a chaos run. */
export const LEDGER_FILE = 'ledger.ndjson'
