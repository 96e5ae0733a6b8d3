import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** What each file of bench/peers/products says of itself. What it does is plain JavaScript, and runs where its packages are installed. */
export interface Peer {
  readonly title: string
  readonly packages: readonly string[]
  readonly server?: ServerKind
  /** By what a step is stored before the next one begins. */
  readonly durability: string
  /** What has to be known beside its figures. */
  readonly lacks: string
  readonly environment?: Readonly<Record<string, string>>
}

export type ServerKind = 'postgres' | 'restate'

/** In the order of the columns. Those of this checkout need nothing from a registry. */
export const OF_THIS_CHECKOUT = ['refold', 'sqlite', 'sqlite-group'] as const
export const FROM_NPM = ['restate', 'dbos', 'langgraph', 'mastra'] as const
export type PeerName = (typeof OF_THIS_CHECKOUT | typeof FROM_NPM)[number]
export const peerNames: readonly PeerName[] = [...OF_THIS_CHECKOUT, ...FROM_NPM]

export const isFromNpm = (name: PeerName): boolean => FROM_NPM.some((each) => each === name)

export const products = resolve(import.meta.dirname, 'products')

export const readPeer = async (name: PeerName): Promise<Peer> =>
  ((await import(pathToFileURL(resolve(products, `${name}.mjs`)).href)) as { readonly peer: Peer }).peer
