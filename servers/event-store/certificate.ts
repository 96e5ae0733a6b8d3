import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Certificate {
  /** PEM. */
  readonly key: string
  /** PEM; its own authority. */
  readonly certificate: string
}

/** One for this machine's own address, or for another name. Needs the program `openssl`. */
export const newCertificate = async (names = 'IP:127.0.0.1,DNS:localhost'): Promise<Certificate> => {
  const folder = await mkdtemp(join(tmpdir(), 'refold-certificate-'))
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const subject = ['-subj', '/CN=refold', '-addext', `subjectAltName=${names}`, '-days', '2']
  const files = ['-keyout', key, '-out', certificate]
  try {
    await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', ...subject, ...files])
    return { key: await readFile(key, 'utf8'), certificate: await readFile(certificate, 'utf8') }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
