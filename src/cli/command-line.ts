import type { Command } from 'commander'
import type { Bus, BusNotice } from '../bus/bus.ts'
import type { Clock } from '../clock.ts'
import type { OpenRefold, RefoldOptions } from '../open-refold.ts'
import type { ExitCode } from './exit-codes.ts'
import type { Output, OutputStreams } from './output.ts'

/** What the process gives to the command line. */
export interface CommandLineParts extends OutputStreams {
  readonly open: (options: RefoldOptions) => Promise<OpenRefold>
  /** Undefined where the environment names no bus. */
  readonly openBus: (notify: (notice: BusNotice) => void) => Promise<Bus | undefined>
  readonly stdin: NodeJS.ReadStream
  readonly cwd: string
  readonly clock: Clock
  /** The name of whoever sits at it. */
  readonly user: string
  /** Aborted at the first Ctrl-C, and when the process is asked to end; its reason is then `SIGTERM`. */
  readonly signal: AbortSignal
}

/** What every command gets. */
export interface CommandLine extends CommandLineParts {
  /** `--config` */
  readonly configFile: string | undefined
  readonly output: Output
  /** 0 unless a command says otherwise. */
  exitWith(code: ExitCode): void
}

/** Adds one command to the program. Its action asks for the command line once the options are known. */
export type AddCommand = (program: Command, commandLine: () => CommandLine) => void
