import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { bytes } from '../amounts.ts'
import type { Findings } from './findings.ts'

const OLDEST_NODE = 24
const MIB = 1024 ** 2
const SCARCE_BYTES = 1024 * MIB
const TOO_FEW_BYTES = 100 * MIB

/** Of this process. */
export const checkNode = (findings: Findings): string => {
  const node = process.versions.node
  if (Number.parseInt(node, 10) < OLDEST_NODE) {
    findings.add({
      severity: 'problem',
      check: 'node',
      message: `Expected Node ${OLDEST_NODE} or newer, found ${node}`,
      remedy: `Install Node ${OLDEST_NODE}.`,
    })
  }
  return node
}

/** What an embedded log needs of the disk of its folder, which is there. Resolves to what is free on it, in bytes. */
export const checkFolder = async (dir: string, findings: Findings): Promise<number> => {
  const { bavail, bsize } = await statfs(dir)
  const freeBytes = bavail * bsize
  if (freeBytes < SCARCE_BYTES) {
    findings.add({
      severity: freeBytes < TOO_FEW_BYTES ? 'problem' : 'warning',
      check: 'disk',
      message: `Only ${bytes(freeBytes)} are left on the disk of ${dir}`,
      remedy: 'Make room: a log that cannot be written stops every run.',
    })
  }
  await checkPrivacy(dir, findings)
  return freeBytes
}

const OF_OTHERS = 0o077

/** Files made before Refold kept them from others, or copied since. A private folder hides whatever lies in it. */
const checkPrivacy = async (dir: string, findings: Findings): Promise<void> => {
  if (!(await isOpenToOthers(dir))) return
  const names = (await readdir(dir)).filter((name) => /^(log|views|snapshots)\.db|^blobs$/.test(name))
  for (const name of names) {
    if (!(await isOpenToOthers(join(dir, name)))) continue
    findings.add(
      {
        severity: 'warning',
        check: 'permissions',
        message: `What runs have recorded in ${dir} can be read by other users of this machine`,
        remedy: `Take it from them, if nobody else works on it: chmod -R go= ${dir}`,
      },
      name,
    )
  }
}

const isOpenToOthers = async (path: string): Promise<boolean> => {
  const found = await stat(path).catch(() => undefined)
  return found !== undefined && (found.mode & OF_OTHERS) !== 0
}
