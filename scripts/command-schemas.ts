// Writes one JSON Schema for each type of command, and the AsyncAPI document of the topics. With --check it only says whether the files
// are what the code says.
import { commandSchemaFiles } from '../src/consumers/command-message.ts'
import { asyncApiDocument } from './async-api.ts'
import { writeOrCheck } from './generated-files.ts'
import { yamlText } from './yaml.ts'

const schemas = [...commandSchemaFiles()].map(([file, schema]): [string, string] => [
  `schemas/commands/${file}`,
  `${JSON.stringify(schema, null, 2)}\n`,
])

writeOrCheck(new Map([...schemas, ['schemas/asyncapi.yaml', yamlText(asyncApiDocument())]]), 'npm run schemas')
