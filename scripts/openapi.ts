// Writes the OpenAPI document of the HTTP service. With --check it only says whether the file is what the code says.
import { openApiDocument } from '../src/http/openapi.ts'
import { writeOrCheck } from './generated-files.ts'

writeOrCheck(new Map([['schemas/openapi.json', `${JSON.stringify(openApiDocument(), null, 2)}\n`]]), 'npm run openapi')
