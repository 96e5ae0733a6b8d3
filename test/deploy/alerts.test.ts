import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { debianProgram } from '../../servers/debian-program.ts'
import { noteMissing, noteServer } from '../support/server-lines.ts'

const SUITE = 'the alerts'
const promtool = await debianProgram('promtool')
if (promtool.path === undefined) noteMissing(SUITE, promtool.missing)
else noteServer(SUITE, 'promtool of Prometheus')

const RULES = resolve(import.meta.dirname, '../../deploy/alerts.yml')
const { groups } = parse(await readFile(RULES, 'utf8')) as {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string }[] }[]
}
const alerts = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert))

const folder = mkdtempSync(join(tmpdir(), 'refold-alerts-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

interface Case {
  /** When it has to fire; 20 by default. */
  readonly atMinute?: number
  /** As promtool reads them, a value a minute; `Q` stands for what a process says when all is well. */
  readonly bad: Readonly<Record<string, string>>
  readonly well: Readonly<Record<string, string>>
}

const notice = (type: string, bad: string): Case => ({
  bad: { [`refold_notices_total{type="${type}"}`]: bad },
  well: { [`refold_notices_total{type="${type}"}`]: '7x90' },
})

const gauge = (series: string, bad: string, well = '0x90'): Case => ({ bad: { [series]: bad }, well: { [series]: well } })

/** All observations fall between two bounds. */
const histogram = (name: string, labels: string, slow: readonly [string, string]): Case => {
  const buckets = (quick: string): Record<string, string> => ({
    [`${name}_bucket{${labels}le="${slow[0]}"}`]: quick,
    [`${name}_bucket{${labels}le="${slow[1]}"}`]: '0+60x90',
    [`${name}_bucket{${labels}le="+Inf"}`]: '0+60x90',
  })
  return { bad: buckets('0x90'), well: buckets('0+60x90') }
}

const cases: Readonly<Record<string, Case>> = {
  RefoldRunBroken: notice('runBroken', '0x10 1x30'),
  RefoldCodeFailed: notice('codeFailed', '0x10 1x30'),
  // Every five seconds, as sweeps are.
  RefoldSweepFailed: notice('sweepFailed', '0x10 0+12x30'),
  RefoldAppendRetried: notice('appendRetried', '0x10 0+12x30'),
  RefoldResultDropped: notice('resultDropped', '0x10 1x30'),
  RefoldCallTakenOver: notice('callTakenOver', '0x10 1x30'),
  RefoldRunsLeft: gauge('refold_runs_left', '3x90'),
  RefoldClockSkew: gauge('refold_store_clock_offset_seconds', '-300x90', '0.4x90'),
  RefoldRunsUnresolved: gauge('refold_runs_stuck{why="unresolved"}', '1x90'),
  RefoldRunsEscalated: { ...gauge('refold_runs_stuck{why="escalated"}', '1x90', '1x50 0x70'), atMinute: 65 },
  RefoldRunsOverdue: gauge('refold_runs_stuck{why="overdue"}', '1x90', '0x17 1x30'),
  RefoldRunsUnreadable: gauge('refold_runs_stuck{why="unreadable"}', '1x90'),
  RefoldViewsLag: gauge('refold_views_lag_seconds', '0x10 60+60x30', '5x90'),
  RefoldProjectorLag: gauge('refold_view_lag_messages', '5000x90', '40x90'),
  RefoldRelayLag: gauge('refold_relay_lag_seconds', '0x10 60+60x30', '2x90'),
  RefoldTracerLag: gauge('refold_tracer_lag_seconds', '0x5 300+60x30', '2x90'),
  RefoldDeadLetters: gauge('refold_messages_published_total{topic="refold.commands.dlq"}', '0x10 1x30', '4x90'),
  RefoldEventLoopBusy: gauge('refold_event_loop_busy_seconds_total', '0+59x90', '0+20x90'),
  // What made the old one silent: one delay of two seconds between two looks, whose percentile is small.
  RefoldEventLoopBlocked: gauge('nodejs_eventloop_lag_max_seconds', '2x90', '0.03x15 2 0.03x40'),
  RefoldRequestsSlow: histogram('refold_http_request_duration_seconds', 'route="/v1/runs",', ['1', '2.5']),
  RefoldLogSlow: histogram('refold_log_call_duration_seconds', 'call="append",', ['1', '2.5']),
}

const promtoolTest = (alert: string, { atMinute = 20, ...series }: Case, isFiring: boolean) => ({
  interval: '1m',
  name: `${alert} ${isFiring ? 'fires' : 'is quiet'}`,
  input_series: Object.entries(isFiring ? series.bad : series.well).map(([name, values]) => ({ series: withInstance(name), values })),
  promql_expr_test: [
    {
      expr: `count(ALERTS{alertname="${alert}",alertstate="firing"})`,
      eval_time: `${atMinute}m`,
      exp_samples: isFiring ? [{ labels: '{}', value: 1 }] : [],
    },
  ],
})

const withInstance = (series: string): string =>
  series.includes('{') ? series.replace('{', '{instance="desk:8081",') : `${series}{instance="desk:8081"}`

describe.skipIf(promtool.path === undefined)('the recommended alerts', () => {
  test('are rules that Prometheus takes', () => {
    const { stdout } = spawnSync(promtool.path ?? '', ['check', 'rules', RULES], { encoding: 'utf8' })
    expect(stdout).toContain(`SUCCESS: ${alerts.length} rules found`)
  })

  test('have a case each', () => {
    expect(Object.keys(cases).sort()).toEqual([...alerts].sort())
  })

  test('fire when they should, and only then', { timeout: 60_000 }, () => {
    const file = join(folder, 'tests.yml')
    const tests = Object.entries(cases).flatMap(([alert, each]) => [promtoolTest(alert, each, true), promtoolTest(alert, each, false)])
    writeFileSync(file, stringify({ rule_files: [RULES], evaluation_interval: '1m', tests }))
    const { stdout, stderr } = spawnSync(promtool.path ?? '', ['test', 'rules', file], { encoding: 'utf8' })
    expect(`${stdout}${stderr}`).toMatch(/^Unit Testing: {2}\S+\n {2}SUCCESS\s*$/)
  })
})
