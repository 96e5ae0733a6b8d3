import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Amounts } from './measured.ts'
import { peerNames, type PeerName } from './peer.ts'

export interface Asked {
  readonly peers: readonly PeerName[]
  readonly amounts: Amounts
  /** Where everything is installed and measured. */
  readonly place: string
  readonly form: 'text' | 'json' | 'markdown'
}

const KILLED = 200

export const HELP = `npm run bench:peers -- [options]

Packs this checkout, installs it beside other products below a folder of its own, and measures the same work on each.

  --peer NAME    one of ${peerNames.join(', ')}; again for several; all unless given
  --turns N      of a run that is alone; again for several; 200 and 10 unless given
  --runs N       at once; again for several; 100 and 1,000 unless given
  --killed N     runs whose process is killed; ${KILLED} unless given
  --rounds N     2 unless given
  --in FOLDER    is installed and measured there: what is measured is that disk; what is installed there is used again
                 ${defaultPlace()} unless given
  --json         one object with all figures of all rounds
  --markdown     a table that can be put into a page

Two rounds of all take about ten minutes, and the first time a minute more for what is installed (500 MB).
`

function defaultPlace(): string {
  return join(tmpdir(), 'refold-peers')
}

const options = {
  help: { type: 'boolean' },
  json: { type: 'boolean' },
  markdown: { type: 'boolean' },
  peer: { type: 'string', multiple: true },
  turns: { type: 'string', multiple: true },
  runs: { type: 'string', multiple: true },
  killed: { type: 'string' },
  rounds: { type: 'string' },
  in: { type: 'string' },
} as const

/** Undefined where help is asked for. Throws where something else is not understood. */
export const readCommandLine = (words: readonly string[]): Asked | undefined => {
  const { values } = parseArgs({ args: [...words], options })
  if (values.help === true) return undefined
  return {
    peers: chosenPeers(values.peer),
    amounts: {
      rounds: amount('rounds', values.rounds ?? '2'),
      turns: (values.turns ?? ['200', '10']).map((each) => amount('turns', each)),
      runs: (values.runs ?? ['100', '1000']).map((each) => amount('runs', each)),
      killed: amount('killed', values.killed ?? String(KILLED)),
    },
    place: resolve(values.in ?? defaultPlace()),
    form: values.json === true ? 'json' : values.markdown === true ? 'markdown' : 'text',
  }
}

const amount = (name: string, given: string): number => {
  if (!/^[1-9]\d{0,5}$/.test(given)) throw new Error(`expected --${name} with a whole number from 1 on, found ${given}`)
  return Number(given)
}

const chosenPeers = (given: readonly string[] | undefined): readonly PeerName[] => {
  const wrong = given?.find((name) => !peerNames.some((each) => each === name))
  if (wrong !== undefined) throw new Error(`expected --peer with one of ${peerNames.join(', ')}, found ${wrong}`)
  return given === undefined ? peerNames : peerNames.filter((name) => given.includes(name))
}
