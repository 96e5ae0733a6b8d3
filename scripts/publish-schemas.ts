// Part of a release (`npm version`): from here on the schemas of schemas/events are a promise to everybody who reads the log,
// kept by their hashes in schemas/published.json. A published schema never changes: a new shape is a new version beside it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { sha256 } from '../src/hash.ts'

const folder = resolve(import.meta.dirname, '../schemas')
const listPath = resolve(folder, 'published.json')

const published = (existsSync(listPath) ? JSON.parse(readFileSync(listPath, 'utf8')) : {}) as Record<string, string>
const present = Object.fromEntries(
  readdirSync(resolve(folder, 'events'))
    .sort()
    .map((file) => [file, sha256(readFileSync(resolve(folder, 'events', file), 'utf8'))]),
)
const broken = Object.keys(published).filter((file) => present[file] !== published[file])

if (broken.length > 0) {
  console.error(`Published schemas were changed or removed: ${broken.join(', ')}. Restore them and give the new shape a new version.`)
  process.exitCode = 1
} else {
  writeFileSync(listPath, `${JSON.stringify(present, null, 2)}\n`)
  console.log(`${Object.keys(present).length} schemas are published`)
}
