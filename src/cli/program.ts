import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, CommanderError, Help, type Option } from 'commander'
import { isAppError } from '../errors.ts'
import { packageRoot } from '../package-root.ts'
import type { CommandLine, CommandLineParts } from './command-line.ts'
import { addCommands } from './commands/all-commands.ts'
import { exitCodeMeanings, exitCodes, type ExitCode } from './exit-codes.ts'
import { createOutput, widthOf, writeAll } from './output.ts'
import { speaksJsonAlone } from './speaks-json.ts'
import { reportError } from './report-error.ts'

interface GlobalOptions {
  readonly config?: string
  readonly json?: true
}

const HELP_WIDTH = 110

/** Runs one command line and returns its exit code. Never rejects: errors are reported on stderr, with their stacks where wanted. */
export const runProgram = async (argv: readonly string[], parts: CommandLineParts, showsStacks: () => boolean): Promise<ExitCode> => {
  const { stdout, stderr } = parts
  const texts: Promise<void>[] = []
  const ending: { code: ExitCode } = { code: exitCodes.ok }
  const program = new Command('refold')
  const globals = (): GlobalOptions => program.opts<GlobalOptions>()
  program
    .configureOutput({
      writeOut: (text) => texts.push(writeAll(stdout, text)),
      writeErr: (text) => texts.push(writeAll(stderr, text)),
      // Reported like every other error, in one place.
      outputError: () => undefined,
      getOutHelpWidth: () => Math.min(widthOf(stdout), HELP_WIDTH),
      getErrHelpWidth: () => Math.min(widthOf(stderr), HELP_WIDTH),
      getOutHasColors: () => stdout.isTTY && stdout.hasColors(),
      getErrHasColors: () => stderr.isTTY && stderr.hasColors(),
    })
    .configureHelp({ showGlobalOptions: true, optionDescription })
    .exitOverride()
  describeProgram(program)
  addCommands(program, () => commandLineOf(parts, globals(), ending))
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (isHelp(error)) ending.code = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    // Ctrl-C gives up what was waited for, and whoever pressed it knows.
    else if (parts.signal.aborted && isAppError(error, 'Closed')) ending.code = exitCodes.interrupted
    else {
      const json = argv.includes('--json') || speaksJsonAlone(argv, parts)
      ending.code = await reportError(error, { stderr, json, debug: showsStacks() })
    }
  }
  await Promise.all(texts)
  return ending.code
}

/** Commander refuses a command without them, and does not say so before. */
const optionDescription = (option: Option): string => `${new Help().optionDescription(option)}${option.mandatory ? ' (required)' : ''}`

const commandLineOf = (parts: CommandLineParts, { config, json }: GlobalOptions, ending: { code: ExitCode }): CommandLine => ({
  ...parts,
  configFile: config,
  output: createOutput(parts, json === true),
  exitWith: (code) => {
    ending.code = code
  },
})

/** Help is no failure; without any command it was not asked for. */
const isHelp = (error: unknown): error is CommanderError =>
  error instanceof CommanderError && ['commander.help', 'commander.helpDisplayed', 'commander.version'].includes(error.code)

const ownVersion = (): string => {
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { readonly version: string }
  return version
}

const EXAMPLES = `
Examples:
  refold run support -m "Where is my order 17?"     start a run and see it work
  refold list --waits-for approval                  what waits for me?
  refold show 0190a7…                               what happened in this run?
  refold replay --all                               does every run refold to what was recorded?
  refold chart support --format html -o chart.html  what is this agent?`

const describeProgram = (program: Command): void => {
  const codes = Object.entries(exitCodes).map(
    ([name, code]) => `  ${String(code).padEnd(4)} ${exitCodeMeanings[name as keyof typeof exitCodes]}`,
  )
  program
    .description('Runs AI agents as statecharts on one log of events, and shows what they did.')
    .version(ownVersion(), '--version', 'which refold this is')
    .option('--config <file>', 'configuration that names the log, the agents and the models (default: refold.config.ts or .js here)')
    .option('--json', 'JSON on stdout, and everything meant for people on stderr')
    .addHelpText('after', `${EXAMPLES}\n\nExit codes:\n${codes.join('\n')}`)
}
