import { InvalidArgumentError } from 'commander'
import { once } from 'node:events'
import { pino } from 'pino'
import { systemIds } from '../../clock.ts'
import { readEnvironment } from '../../config.ts'
import { httpOptions } from '../../http/http-options.ts'
import type { AddCommand, CommandLine } from '../command-line.ts'
import { loadConfig } from '../config-file.ts'

interface ServeOptions {
  readonly host: string
  readonly port: number
}

/** For what was asked before the end; what the runs then still do has a time of its own. */
const STOP_WITHIN_MS = 10_000

export const addServeCommand: AddCommand = (program, commandLine) => {
  program
    .command('serve')
    .description('serve the HTTP API and work on the runs, until Ctrl-C')
    .option('--host <host>', 'name or address to listen on; one that others can reach needs API keys', '127.0.0.1')
    .option('--port <port>', '0 is any that is free', port, 8080)
    .addHelpText('after', '\nExamples:\n  refold serve --port 8080\n  curl localhost:8080/v1/agents')
    .action((options: ServeOptions) => serve(commandLine(), options))
}

const serve = async (line: CommandLine, { host, port: wanted }: ServeOptions): Promise<void> => {
  const { http = {}, ...config } = await loadConfig(line.cwd, line.configFile)
  const logger = pino({ name: 'refold', level: readEnvironment().REFOLD_LOG_LEVEL }, line.stderr)
  // Only here, so that other commands do not load a web server.
  const { startHttpServer } = await import('../../http/server.ts')
  const refold = await line.open({ ...config, logger })
  try {
    const settings = httpOptions.parse(http)
    const server = await startHttpServer({ refold, settings, host, port: wanted, clock: line.clock, ids: systemIds, logger })
    await line.output.document({ url: server.url })
    await line.output.note(`Listening on ${server.url}`)
    if (!line.signal.aborted) await once(line.signal, 'abort')
    await line.output.note('Finishing what is under way. Ctrl-C again leaves at once.')
    await server.stop(STOP_WITHIN_MS)
  } finally {
    await refold.close()
  }
}

const port = (text: string): number => {
  const value = Number(text)
  if (/^\d{1,5}$/.test(text) && value < 65_536) return value
  throw new InvalidArgumentError('Expected a port from 0 to 65535')
}
