import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A PEM file, as a connection string names one. */
export const tlsFile = (pem: string): { readonly path: string; remove(): void } => {
  const folder = mkdtempSync(join(tmpdir(), 'refold-authority-'))
  const path = join(folder, 'authority.pem')
  writeFileSync(path, pem)
  return { path, remove: () => rmSync(folder, { recursive: true }) }
}
