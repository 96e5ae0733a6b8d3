// Sends the traces and metrics of the order desk to a real Jaeger, and compares what that has with what the log says. Says so where there is none.
// Run: npm run check:otlp [-- --build]   (--build: Go builds a Jaeger first, which takes some minutes)
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { messageOf } from '../src/errors.ts'
import { buildJaeger, findJaeger, startJaeger } from '../servers/jaeger.ts'

const root = resolve(import.meta.dirname, '..')

const refold = async (words: readonly string[], variables: NodeJS.ProcessEnv = {}): Promise<string> => {
  const env = { ...process.env, ...variables }
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=refold:source', ...words], {
    cwd: root,
    env,
    maxBuffer: 64 * 1024 * 1024,
  })
  return stdout
}

interface Sent {
  readonly name: string
  readonly spanId: string
  readonly attributes: readonly { readonly key: string; readonly value: { readonly intValue?: number } }[]
}
interface Export {
  readonly resourceSpans?: readonly { readonly scopeSpans: readonly { readonly spans: readonly Sent[] }[] }[]
}
interface Shown {
  readonly data: readonly {
    readonly spans: readonly { readonly spanID: string; readonly operationName: string; readonly warnings: readonly string[] | null }[]
  }[]
}

const CONFIG = ['--config', 'examples/order-desk/refold.config.ts']
const TOKENS = 'gen_ai.usage.input_tokens'

/** By the log: all spans that have ended. */
const recorded = async (): Promise<Map<string, Sent>> => {
  const listed = JSON.parse(await refold(['src/main.ts', ...CONFIG, 'list', '--json'])) as readonly { readonly runId: string }[]
  const spans = new Map<string, Sent>()
  for (const { runId } of listed) {
    const { resourceSpans = [] } = JSON.parse(await refold(['src/main.ts', ...CONFIG, 'trace', runId, '--json'])) as Export
    for (const span of resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans))) spans.set(span.spanId, span)
  }
  return spans
}

/** What is wrong; nothing where all is there. */
const compare = async (jaeger: Awaited<ReturnType<typeof startJaeger>>): Promise<string[]> => {
  const spans = await recorded()
  const { data } = (await (await fetch(`${jaeger.api}/api/traces?service=refold&limit=1000`)).json()) as Shown
  const shown = new Map(data.flatMap((trace) => trace.spans).map((span) => [span.spanID, span]))
  const text = await (await fetch(`${jaeger.metrics}/metrics`)).text()
  const counted = [...text.matchAll(/^gen_ai_client_inference_usage_input_tokens_total\{[^}]*\} (\S+)/gm)].reduce(
    (sum, [, value]) => sum + Number(value),
    0,
  )
  const tokens = [...spans.values()]
    .flatMap(({ attributes }) => attributes.filter(({ key }) => key === TOKENS))
    .reduce((sum, { value }) => sum + (value.intValue ?? 0), 0)
  console.log(
    `${spans.size} spans in the log, ${shown.size} in Jaeger in ${data.length} traces; ${tokens} tokens in the log, ${counted} in the metrics`,
  )
  return [
    ...[...spans.values()].flatMap(({ spanId, name }) =>
      shown.get(spanId)?.operationName === name ? [] : [`${name} ${spanId} is not there`],
    ),
    ...[...shown.values()].flatMap(({ operationName, warnings }) => (warnings ?? []).map((warning) => `${operationName}: ${warning}`)),
    ...(shown.size === spans.size ? [] : ['others are there']),
    ...(tokens === counted && tokens > 0 ? [] : ['the metrics say something else']),
  ]
}

const program = process.argv.includes('--build')
  ? await buildJaeger().catch((error: unknown) => {
      console.log(`Go has built no Jaeger: ${messageOf(error)}`)
      return undefined
    })
  : await findJaeger()
if (program === undefined) {
  console.log('DID NOT RUN: no jaeger on the PATH, and none in .cache/jaeger, where --build puts one (with Go)')
  process.exitCode = 2
} else {
  const folder = mkdtempSync(join(tmpdir(), 'refold-jaeger-'))
  const jaeger = await startJaeger(program, folder)
  try {
    await refold(['examples/order-desk/main.ts', '--once'], { REFOLD_OTLP_ENDPOINT: jaeger.endpoint })
    const problems = await compare(jaeger)
    for (const problem of problems) console.log(problem)
    process.exitCode = problems.length === 0 ? 0 : 1
  } finally {
    await jaeger.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
