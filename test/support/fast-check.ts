import { configureGlobal } from 'fast-check'

// The same values every time, so that nobody's change is refused for what chance found.
// REFOLD_PROPERTY_SEED=any draws new ones, and what fails names its seed; a number plays that one again.
const asked = process.env['REFOLD_PROPERTY_SEED'] ?? '1'
if (asked !== 'any') {
  if (!/^-?\d{1,10}$/.test(asked)) throw new Error(`Expected a whole number or "any" as REFOLD_PROPERTY_SEED, found "${asked}"`)
  configureGlobal({ seed: Number(asked) })
}

export * as fc from 'fast-check'
