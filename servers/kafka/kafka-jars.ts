import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

export type KafkaVersion = '3.9.1' | '4.1.1'

const PROFILES: Readonly<Record<KafkaVersion, string>> = { '3.9.1': 'kafka-3', '4.1.1': 'kafka-4' }
const POM = resolve(import.meta.dirname, 'pom.xml')
const CACHE = resolve(import.meta.dirname, '../../.cache/kafka')

const run = promisify(execFile)

/** Folder of the broker's jars; fetched by Maven where they are not there yet (46 MB, some seconds). */
export const kafkaJars = async (version: KafkaVersion): Promise<string> => {
  const folder = join(CACHE, version)
  if (existsSync(folder)) return folder
  await mkdir(CACHE, { recursive: true })
  const fetched = await mkdtemp(join(CACHE, 'fetching-'))
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${fetched}`]
  await run('mvn', ['-q', '-B', '-f', POM, '-P', PROFILES[version], ...goal])
  // Another test may have fetched them meanwhile: a folder that is not empty is not replaced.
  await rename(fetched, folder).catch(() => rm(fetched, { recursive: true }))
  return folder
}

/** What is missing on this machine to run a broker, if anything. */
export const missingForKafka = async (version: KafkaVersion): Promise<string | undefined> => {
  if (!(await answers('java'))) return 'no java on the PATH (JDK 17 or newer)'
  if (existsSync(join(CACHE, version)) || (await answers('mvn'))) return undefined
  return 'no mvn on the PATH, which fetches the broker'
}

const answers = (program: string): Promise<boolean> =>
  run(program, ['-version']).then(
    () => true,
    () => false,
  )
