import { AppError } from './errors.ts'

// Imported before all else: an older Node would end with a complaint about whatever it happens to lack first.

const OLDEST = 24
const [major = 0] = process.versions.node.split('.').map(Number)

if (major < OLDEST) {
  const tooOld = new AppError('InvalidConfiguration', `Refold needs Node ${OLDEST} or newer, and this is Node ${process.versions.node}`)
  // Where it was thrown helps nobody: the sentence says all.
  tooOld.stack = `${tooOld.name}: ${tooOld.message}`
  throw tooOld
}
