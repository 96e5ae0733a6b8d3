import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'

/** The nodes of somebody's own EventStoreDB, by a command of theirs. Its words: `leader`, `pid N`, `kill N`, `start N`, `stop N`. */
export interface Control {
  /** Numbers of all nodes. */
  readonly nodes: readonly number[]
  /** Of the node that leads. */
  leader(): Promise<number>
  /** Of its process, as this machine sees it; undefined where the node does not run. */
  pid(node: number): Promise<number | undefined>
  /** SIGKILL. */
  kill(node: number): Promise<void>
  /** As an operator does, who lets it finish. */
  stop(node: number): Promise<void>
  start(node: number): Promise<void>
}

const LONGEST_ANSWER_MS = 60_000
const MOST_NODES = 9

/** Rejects where the command cannot be run, or knows no node 1. Nodes are 1, 2 … up to the first that it knows nothing of. */
export const openControl = async (command: string): Promise<Control> => {
  const ask = async (...words: readonly string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(resolve(command), words, { timeout: LONGEST_ANSWER_MS })
    return stdout.trim()
  }
  const tell = async (...words: readonly string[]): Promise<void> => {
    await ask(...words)
  }
  const pid = async (node: number): Promise<number | undefined> => processId(await ask('pid', String(node)))
  return {
    nodes: await knownNodes(command, pid),
    async leader() {
      const said = await ask('leader')
      if (/^[1-9]$/.test(said)) return Number(said)
      throw new Error(`expected the number of a node from ${command} leader, found ${JSON.stringify(said)}`)
    },
    pid,
    kill: (node) => tell('kill', String(node)),
    stop: (node) => tell('stop', String(node)),
    start: (node) => tell('start', String(node)),
  }
}

const processId = (said: string): number | undefined => (/^[1-9]\d*$/.test(said) ? Number(said) : undefined)

const knownNodes = async (command: string, pid: Control['pid']): Promise<readonly number[]> => {
  const nodes: number[] = []
  for (let node = 1; node <= MOST_NODES; node++) {
    try {
      await pid(node)
      nodes.push(node)
    } catch (cause) {
      if (node > 1) break
      throw new Error(`expected the process id of node 1 from ${command} pid 1`, { cause })
    }
  }
  return nodes
}
