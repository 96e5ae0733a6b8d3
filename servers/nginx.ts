import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePorts } from './free-ports.ts'
import { killAtExit } from './kill-at-exit.ts'

export interface NginxOptions {
  /** Path of the program. */
  readonly program: string
  /** Its files go there. */
  readonly folder: string
  /** Path of the configuration of a site, as `conf.d` holds it. */
  readonly site: string
  /** What the site says, and what holds on this machine instead: ports, names of files. */
  readonly here: Readonly<Record<string, string>>
}

export interface Nginx {
  readonly port: number
  /** PEM: whom to trust. */
  readonly certificate: string
  /** What it has complained of. */
  readonly errors: () => string
  stop(): Promise<void>
}

const run = promisify(execFile)

/** A real nginx with the given site, behind TLS, on a free port of this machine. Resolves once it listens. */
export const startNginx = async ({ program, folder, site, here }: NginxOptions): Promise<Nginx> => {
  const [port = 0] = await freePorts(1)
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')]
  const subject = ['-subj', '/CN=desk.example.com', '-addext', 'subjectAltName=DNS:desk.example.com', '-days', '2']
  const making = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    key,
    '-out',
    certificate,
  ]
  await run('openssl', [...making, ...subject])
  const given = {
    'listen 443 ssl': `listen 127.0.0.1:${port} ssl`,
    '/etc/refold/tls/certificate.pem': certificate,
    '/etc/refold/tls/key.pem': key,
    ...here,
  }
  writeFileSync(join(folder, 'site.conf'), replaced(await readFile(site, 'utf8'), given))
  writeFileSync(join(folder, 'nginx.conf'), mainConfiguration(folder))
  const child = spawn(program, ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'pipe'] })
  killAtExit(child)
  let errors = ''
  child.stderr.on('data', (piece: Buffer) => (errors += piece.toString()))
  await listens(
    port,
    () => child.exitCode !== null,
    () => errors,
  )
  return {
    port,
    certificate: await readFile(certificate, 'utf8'),
    errors: () => errors,
    async stop() {
      const gone = once(child, 'close')
      child.kill('SIGTERM')
      await gone
    },
  }
}

/** Rejects what the configuration does not say: it would be tried as something else. */
const replaced = (text: string, given: Readonly<Record<string, string>>): string =>
  Object.entries(given).reduce((changed, [from, to]) => {
    if (!changed.includes(from)) throw new Error(`Expected the site to say ${from}, found nothing like it`)
    return changed.replaceAll(from, to)
  }, text)

const mainConfiguration = (folder: string): string => `
daemon off;
pid ${join(folder, 'nginx.pid')};
error_log stderr warn;
worker_processes 1;
${process.getuid?.() === 0 ? 'user root;' : ''}
events {}
http {
  access_log off;
  client_body_temp_path ${join(folder, 'body')};
  proxy_temp_path ${join(folder, 'proxy')};
  fastcgi_temp_path ${join(folder, 'fastcgi')};
  uwsgi_temp_path ${join(folder, 'uwsgi')};
  scgi_temp_path ${join(folder, 'scgi')};
  include ${join(folder, 'site.conf')};
}
`

const listens = async (port: number, hasEnded: () => boolean, errors: () => string): Promise<void> => {
  while (!hasEnded()) {
    const socket = connect(port, '127.0.0.1')
    const isThere = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(
      () => false,
    )
    socket.destroy()
    if (isThere) return
    await pause(20)
  }
  throw new Error(`Expected nginx to listen, found that it ended:\n${errors()}`)
}
