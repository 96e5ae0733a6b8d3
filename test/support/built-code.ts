import { execFileSync } from 'node:child_process'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')

/** Tests that start the program start what a package holds. */
export const setup = (): void => {
  execFileSync(process.execPath, [join(root, 'scripts/build-code.ts'), '--if-stale'], { cwd: root, stdio: 'inherit' })
}
