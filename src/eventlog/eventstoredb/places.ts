/** Where a connection string leads, as far as it can be looked at without its client. It shows no password. */
export interface ServerPlaces {
  readonly hosts: readonly { readonly host: string; readonly port: number }[]
  /** The hosts are names of the whole cluster, whose nodes are asked for. */
  readonly isCluster: boolean
  readonly isSecure: boolean
  /** Path of the authority that vouches for the certificates. */
  readonly caFile: string | undefined
  readonly user: string | undefined
}

/** `scheme[+discover]://[user:password@]host[:port][,host[:port]…][/][?settings]`, as both clients read it. */
const PARTS = /^\s*[^:]+?(\+discover)?:\/\/(?:([^:]+):[^@]+@)?([^?]*)(\?.*)?$/s
const DEFAULT_PORT = 2113

/** Of a connection string that the client takes. */
export const serverPlaces = (connectionString: string): ServerPlaces => {
  const [, discover, user, hosts = '', settings = ''] = PARTS.exec(connectionString) ?? []
  const options = new Map(
    settings
      .slice(1)
      .split('&')
      .map((option) => [nameOf(option), option.slice(option.indexOf('=') + 1).trim()]),
  )
  const caFile = options.get('tlscafile')
  return {
    hosts: hosts.split(/[,/]/).flatMap((text) => (text.trim() === '' ? [] : [placeOf(text)])),
    isCluster: discover !== undefined,
    isSecure: options.get('tls') !== 'false',
    caFile: caFile === undefined ? undefined : decodeURIComponent(caFile),
    user: user === undefined ? undefined : decodeURIComponent(user.trim()),
  }
}

/** `tls_ca-File=…` is `tlscafile`, since the clients take names in any form. */
const nameOf = (option: string): string => (option.split('=')[0] ?? '').trim().toLowerCase().replace(/[_-]/g, '')

const placeOf = (text: string): ServerPlaces['hosts'][number] => {
  const [host = '', port] = text.trim().split(':')
  return { host, port: port === undefined ? DEFAULT_PORT : Number.parseInt(port, 10) }
}

/** As `a:2113,b:2113`. */
export const placesText = ({ hosts }: Pick<ServerPlaces, 'hosts'>): string => hosts.map(({ host, port }) => `${host}:${port}`).join(',')
