import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { link, mkdtemp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export const STORE_PASSWORD = 'only-for-tests'

export interface BrokerKeys {
  readonly keyStore: string
  /** PEM. */
  readonly ca: string
}

/** A certificate for this machine's own address, made once. */
export const brokerKeys = async (folder: string): Promise<BrokerKeys> => {
  const keyStore = join(folder, 'broker.p12')
  const store = (path: string): string[] => ['-keystore', path, '-storetype', 'PKCS12', '-storepass', STORE_PASSWORD, '-alias', 'broker']
  if (!existsSync(keyStore)) {
    const made = join(await mkdtemp(join(folder, 'making-')), 'broker.p12')
    const subject = ['-dname', 'CN=127.0.0.1', '-ext', 'SAN=ip:127.0.0.1', '-validity', '3650']
    await run('keytool', ['-genkeypair', '-keyalg', 'EC', ...subject, ...store(made)])
    // Where another test was first, its certificate stands: a broker may have begun with it.
    await link(made, keyStore).catch(() => undefined)
    await rm(dirname(made), { recursive: true })
  }
  const { stdout } = await run('keytool', ['-exportcert', '-rfc', ...store(keyStore)])
  return { keyStore, ca: stdout }
}
