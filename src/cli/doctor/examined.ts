import { counted } from '../../projections/amount-text.ts'
import { bytes } from '../amounts.ts'
import type { ExaminedEventStore, ExaminedLag, ExaminedReaders } from './check-servers.ts'

/** What the doctor has looked at: a folder, or servers. */
export interface Examined extends Partial<ExaminedReaders> {
  /** Of an embedded log. */
  readonly dir?: string
  readonly freeBytes?: number
  /** Of a log on servers, as is what is read from it. */
  readonly eventStore?: ExaminedEventStore
  readonly node: string
  readonly runs: number
  readonly events: number
}

export const examinedLines = (examined: Examined): string[] => [
  ...(examined.eventStore === undefined ? [] : serverLines(examined, examined.eventStore)),
  headLine(examined),
]

const headLine = ({ dir, freeBytes, node, runs, events }: Examined): string =>
  [
    `${dir === undefined ? '' : `${dir}: `}${counted(runs, 'run')}, ${counted(events, 'event')}`,
    `Node ${node}`,
    ...(freeBytes === undefined ? [] : [`${bytes(freeBytes)} free`]),
  ].join(' · ')

const serverLines = ({ postgres, views, relays = {} }: Examined, { at, version, client, user }: ExaminedEventStore): string[] => [
  `EventStoreDB ${version} at ${at}${user === null ? '' : ` as ${user}`} · ${client}`,
  ...(postgres === undefined
    ? []
    : [
        `Postgres ${postgres.version} at ${postgres.at} · ${postgres.client} · ${counted(postgres.blobs, 'blob')}, ${bytes(postgres.blobBytes)}`,
      ]),
  ...(views === undefined ? [] : [`Views: ${lagText(views)}`]),
  ...Object.entries(relays).map(([streams, lag]) => `Relay of ${streams}*: ${lagText(lag)}`),
]

const lagText = ({ events, isAtLeast }: ExaminedLag): string =>
  events === 0 && !isAtLeast ? 'all taken in' : `${isAtLeast ? 'at least ' : ''}${counted(events, 'event')} behind`
