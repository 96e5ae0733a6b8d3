// The desk where others can reach its HTTP service: whoever asks shows a key, of which only the hash is known here.
import { defineConfig } from 'refold'
import desk from './refold.config.ts'

const sha256 = process.env['DESK_KEY_SHA256']

export default defineConfig({
  ...desk,
  http: {
    keys: sha256 === undefined ? [] : [{ name: 'desk', sha256, tenant: 'desk', scopes: ['read', 'write', 'operate'] }],
  },
})
