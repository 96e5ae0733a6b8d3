// Writes one JSON Schema for each event type and version. With --check it only says whether the files are what the code says.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { eventSchemas } from '../src/events/json-schema.ts'

const folder = resolve(import.meta.dirname, '../schemas/events')
mkdirSync(folder, { recursive: true })

const wanted = new Map([...eventSchemas()].map(([file, schema]) => [file, `${JSON.stringify(schema, null, 2)}\n`]))
const present = new Map(readdirSync(folder).map((file) => [file, readFileSync(resolve(folder, file), 'utf8')]))
const stale = [...wanted].filter(([file, text]) => present.get(file) !== text)

if (process.argv.includes('--check')) {
  for (const [file] of stale)
    console.error(`schemas/events/${file} is not what the code says: run npm run schemas, or give the new shape a new version`)
  process.exitCode = stale.length > 0 ? 1 : 0
} else {
  for (const [file, text] of stale) writeFileSync(resolve(folder, file), text)
  console.log(`${wanted.size} schemas, ${stale.length} of them written`)
}
