import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import type { RecordedRunEvent } from '../../src/events/envelope.ts'
import type { ViewStanding } from '../../src/consumers/view-standing.ts'
import { columnName } from '../../src/views/view-table.ts'
import type { ListedRun } from '../../src/http/listed-run.ts'
import { foldedRunRow, runRow } from '../../src/http/run-list-contract.ts'
import type { RunView } from '../../src/fold/run-view.ts'
import { configs, newPlace, type Place } from './run-refold.ts'

// The real program, as a process, on a folder of its own. It takes about half a second a command.

interface Reported {
  readonly error: { readonly code: string; readonly message: string; readonly details: Record<string, unknown> }
}

interface Diagnosis {
  readonly ok: boolean
  readonly findings: readonly {
    readonly severity: string
    readonly check: string
    readonly message: string
    readonly places: readonly string[]
  }[]
}

const place = newPlace()
const places: Place[] = [place]
const copied = (): Place => {
  const copy = place.copy()
  places.push(copy)
  return copy
}

const checksOf = (diagnosis: string): string[] =>
  (JSON.parse(diagnosis) as Diagnosis).findings.map(({ severity, check }) => `${severity} ${check}`)

describe('refold', { timeout: 60_000 }, () => {
  beforeAll(async () => {
    // One after the other, since the order of the list depends on it.
    for (const [agent, runId, message] of [
      ['clerk', 'hello', "-m 'hello there'"],
      ['clerk', 'parcel', "-m 'look 17'"],
      ['form', 'form', ''],
    ]) {
      const { exitCode, stderr } = await place.refold(`run ${agent} --run-id ${runId} ${message}`)
      expect(exitCode, stderr).toBe(0)
    }
  }, 60_000)
  afterAll(() => {
    for (const each of places) each.remove()
  })

  describe('without a command', () => {
    test('says what it can do and what its exit codes mean', async () => {
      const { stderr, exitCode } = await place.refold('', { config: '' })
      expect(exitCode).toBe(exitCodes.usage)
      for (const command of [
        'run',
        'send',
        'list',
        'show',
        'tail',
        'at',
        'prompt',
        'chart',
        'export',
        'replay',
        'doctor',
        'query',
        'views',
        'approve',
        'settle',
        'give-back',
      ]) {
        expect(stderr).toMatch(new RegExp(`^  ${command}[ |]`, 'm'))
      }
      for (const code of Object.values(exitCodes)) expect(stderr).toMatch(new RegExp(`^  ${code} `, 'm'))
    })

    test.each(['cancel', 'fail', 'deny', 'move', 'answer'])('says which options %s cannot do without', async (command) => {
      const { stdout } = await place.refold(`${command} --help`)
      expect(stdout).toMatch(/^ +(--reason <text>|--to <version>|-m, --message <text>) [^-]*\(required\)/m)
    })

    test('refuses what it does not know, as one message on stderr', async () => {
      const { stdout, stderr, exitCode } = await place.refold('lst')
      expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: exitCodes.usage })
      expect(stderr).toMatch(/^refold: InvalidInput: Unknown command 'lst' \(Did you mean one of list, ls\?\)\. See .*\n$/)
    })
  })

  describe('the configuration', () => {
    test('says how to make one where there is none', async () => {
      const { stderr, exitCode } = await newlyPlaced().refold('list', { config: '' })
      expect(exitCode).toBe(exitCodes.configuration)
      expect(stderr).toContain('found none')
      expect(stderr).toContain('export default defineConfig({')
    })

    test.each([
      ['throws', "throw new Error('no key')", /no key \(at .*refold\.config\.ts:1/],
      ['exports nothing', 'export const config = {}', /Expected a default export/],
      [
        'has another shape',
        "export default { dir: '', agents: [{}], model: {} }",
        /dir: expected a path[^]*agents\.0: expected an agent[^]*model/,
      ],
    ])('that %s is refused with the place', async (_, text, message) => {
      const here = newlyPlaced()
      writeFileSync(join(here.folder, 'refold.config.ts'), text)
      const { stderr, exitCode } = await here.refold('list', { config: '' })
      expect(stderr).toMatch(message)
      expect(exitCode).toBe(exitCodes.configuration)
    })

    test('is not enough to look where there never was a run, and looking makes no folder', async () => {
      const { stderr, exitCode } = await newlyPlaced().refold('list')
      expect(exitCode).toBe(exitCodes.store)
      expect(stderr).toContain('found no such folder')
    })

    test('with a wrong environment is refused, and with debug an error shows its stack', async () => {
      const wrong = await place.refold('list', { environment: { REFOLD_LOG_LEVEL: 'loud' } })
      expect(wrong.exitCode).toBe(exitCodes.configuration)
      const debugged = await place.refold('show nowhere', { environment: { REFOLD_LOG_LEVEL: 'debug' } })
      expect(debugged.stderr).toMatch(/^ {4}at /m)
    })
  })

  describe('run', () => {
    test('writes what the agent says to stdout, what it does to stderr, and how the run goes on', async () => {
      const { stdout, stderr, exitCode } = await place.refold("run clerk --run-id words -m 'look 18'")
      expect(stdout).toBe('One moment.\nSo it is: 18 is in Lyon.\n')
      expect(stderr).toMatch(/ToolCallRequested +3\.0 look {"id":"18"}/)
      expect(stderr).toContain('refold send words -m TEXT')
      expect(exitCode).toBe(0)
    })

    test('reads its message from stdin, and with --json says where the run stands', async () => {
      const view = await place.json<RunView>('run clerk', { stdin: 'good morning\n' })
      expect(view).toMatchObject({ agent: 'clerk@1', status: 'active', waitsFor: 'message', answer: 'You said: good morning' })
    })

    test('with an id that was used is the same start', async () => {
      const view = await place.json<RunView>("run clerk --run-id hello -m 'hello there'")
      expect(view.revision).toBe(4)
      const { stderr, exitCode } = await place.refold('run clerk --run-id hello -m bye')
      expect(exitCode).toBe(exitCodes.usage)
      expect(stderr).toContain('Run hello exists already, begun with another message: recorded "hello there", given "bye"')
    })

    test('of an unknown agent is refused, and says which there are', async () => {
      const { stderr, exitCode } = await place.refold('run nobody -m hi --json')
      expect(exitCode).toBe(exitCodes.notFound)
      const { error } = JSON.parse(stderr) as Reported
      expect(error).toMatchObject({ code: 'UnknownAgent', message: 'Expected one of the agents clerk, form, found nobody' })
    })

    test('asks for messages and approvals as long as there is input', async () => {
      const stdin = 'hi\npay 20\ny\npay 30\nn\ntoo much\n'
      const { stdout, exitCode } = await place.refold('run clerk --interactive --run-id talk', { stdin })
      expect(stdout).toBe('You said: hi\nSo it is: {"paid":20}.\n' + stdout.split('\n').slice(2).join('\n'))
      expect(stdout).toMatch(/So it is: Denied by .*: too much\.\n$/)
      expect(exitCode).toBe(0)
    })
  })

  describe('list', () => {
    test('shows runs in columns, the newest first, and filters them', async () => {
      const { stdout } = await place.refold('list --waits-for approval')
      const [titles = '', ...lines] = stdout.trimEnd().split('\n')
      expect(titles).toMatch(/^RUN +AGENT +AGE +STATE +TURN +TOKENS +COST +WAITS FOR$/)
      expect(lines).toEqual([expect.stringMatching(/^form +form@1 +\d+ (?:s|min) +signing +0 +0 +\$0\.0000 +approval$/)])
    })

    test('with --json gives each run as a list over HTTP does, and nothing else of it', async () => {
      const rows = await place.json<ListedRun[]>('list --agent clerk --status active')
      expect(rows.map(({ runId }) => runId)).toEqual(expect.arrayContaining(['hello', 'parcel']))
      expect(rows).toEqual(rows.map((row) => runRow.parse(row)))
      expect(rows).toEqual(rows.toSorted((a, b) => b.position - a.position))
      expect((await place.refold('list --status odd')).exitCode).toBe(exitCodes.usage)
    })
  })

  describe('query', () => {
    test('without a view says which there are', async () => {
      const { stdout, exitCode } = await place.refold('query')
      expect(exitCode).toBe(0)
      for (const view of ['runs', 'timeline', 'transcript', 'costs', 'tool-calls', 'approvals', 'stuck']) {
        expect(stdout).toMatch(new RegExp(`^${view} +\\w`, 'm'))
      }
    })

    test('shows a view in columns, as JSON and as CSV', async () => {
      const { stdout } = await place.refold('query tool-calls --run parcel')
      expect(stdout).toMatch(/^ASKED AT \(UTC\) +RUN ID +CALL ID +TOOL +STATE .*\n.* parcel +3\.0 +look +succeeded +1 /)
      const rows = await place.json<readonly Record<string, unknown>[]>('query tool-calls --run parcel --since 1h --status succeeded')
      expect(rows).toMatchObject([{ runId: 'parcel', callId: '3.0', tool: 'look', input: '{"id":"17"}', output: '17 is in Lyon' }])
      const csv = await place.refold('query tool-calls --run parcel --csv')
      const [titles = '', line = '', ...rest] = csv.stdout.split('\r\n')
      expect(titles).toBe(
        Object.keys(rows[0] ?? {})
          .map(columnName)
          .join(),
      )
      expect(line).toContain('"{""id"":""17""}"')
      expect(rest).toEqual([''])
    })

    test('goes on behind a page', async () => {
      const first = await place.refold('query timeline --run hello --limit 2 --json')
      const [, cursor = ''] = /--cursor (\S+)/.exec(first.stderr) ?? []
      const rest = await place.json<readonly { revision: number }[]>(`query timeline --run hello --cursor ${cursor}`)
      expect(rest.map(({ revision }) => revision)).toEqual([2, 3, 4])
    })

    test.each(['query nothing', 'query costs --status open', 'query runs --since yesterday', 'query runs --limit 0'])(
      'refuses what it does not know: %s',
      async (command) => {
        const { exitCode, stderr } = await place.refold(command)
        expect(exitCode).toBe(exitCodes.usage)
        expect(stderr).toContain('refold: InvalidInput: ')
      },
    )
  })

  describe('views', () => {
    test('stand where the log stands, and are the same when they are folded anew', async () => {
      const copy = copied()
      const asked = await copy.json('query timeline --limit 100')
      const before = await copy.json<ViewStanding>('views status')
      expect(await copy.json<ViewStanding>('views')).toEqual(before)
      expect(before).toMatchObject({ log: { lag: 0 }, generation: 0, sizes: { refold_runs: expect.any(Number) as number } })
      const { events } = await copy.json<{ events: number }>('views rebuild')
      expect(events).toBe(before.sizes['refold_timeline'])
      expect(await copy.json<ViewStanding>('views status')).toEqual({ ...before, generation: 1 })
      expect(await copy.json('query timeline --limit 100')).toEqual(asked)
      rmSync(join(copy.folder, 'data/views.db'))
      for (const beside of ['-wal', '-shm']) rmSync(join(copy.folder, `data/views.db${beside}`), { force: true })
      expect(await copy.json('query timeline --limit 100')).toEqual(asked)
    })

    test('cannot be paused where the processes that work on runs need them', async () => {
      const { exitCode, stderr } = await place.refold('views pause')
      expect(exitCode).toBe(exitCodes.notPossible)
      expect(stderr).toMatch(/^refold: NotPossible: Expected a topic/)
    })
  })

  describe('show', () => {
    test('tells a run event by event: when, what, and where it led', async () => {
      const { stdout } = await place.refold('show parcel')
      expect(stdout).toMatch(/^parcel {2}awaitingMessage {2}waits for message\n/)
      expect(stdout).toMatch(/^ *4 +\+\d+ ms +ToolCallRequested +acting; 3\.0=running +3\.0 look {"id":"17"}$/m)
      expect(stdout).toMatch(/^scripted\/one +2 +\d+ +0 +\d+ +\$0\.0000$/m)
    })

    test('shows the conversation as the model saw it, also without the agent', async () => {
      const { stdout } = await place.refold('show parcel --transcript', { config: configs.withoutForm })
      expect(stdout).toContain(
        'user\n  look 17\nagent\n  One moment.\n  → look {"id":"17"}\ntool look\n  17 is in Lyon\nagent\n  So it is: 17 is in Lyon.\n',
      )
    })

    test('with --json gives row, events, transcript and costs', async () => {
      const shown = await place.json<{ run: ListedRun; events: RecordedRunEvent[]; transcript: unknown[]; costs: unknown[] }>('show hello')
      expect(shown.run).toEqual({ ...foldedRunRow.parse(shown.run), runId: 'hello', state: 'awaitingMessage', standing: 'message' })
      expect(shown.events.map(({ type }) => type)).toEqual([
        'RunStarted',
        'MessageReceived',
        'ModelCallRequested',
        'ModelCallSucceeded',
        'TurnCompleted',
      ])
      expect(shown.transcript).toHaveLength(2)
      expect(shown.costs).toEqual([expect.objectContaining({ model: 'scripted/one', calls: 1, costMicroUsd: 0 })])
    })

    test('of an unknown run is an error object with --json', async () => {
      const { stdout, stderr, exitCode } = await place.refold('show nowhere --json')
      expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: exitCodes.notFound })
      expect((JSON.parse(stderr) as Reported).error).toMatchObject({ code: 'RunNotFound', details: { runId: 'nowhere' } })
    })
  })

  describe('at', () => {
    test('shows what a run was at a revision', async () => {
      const { stdout } = await place.refold('at parcel 4')
      expect(stdout).toContain('parcel@4  acting')
      expect(stdout).toContain('tool call 3.0 look {"id":"17"} is running')
      expect(await place.json<RunView>('at parcel 4')).toMatchObject({ revision: 4, toolCalls: [{ callId: '3.0', tool: 'look' }] })
    })

    test('refuses a revision that is not there yet', async () => {
      expect((await place.refold('at parcel 99')).exitCode).toBe(exitCodes.usage)
    })
  })

  describe('an operator', () => {
    test('grants an approval once', async () => {
      await place.refold("run clerk --run-id bill -m 'pay 50'")
      const { stdout, exitCode } = await place.refold('approve bill --by dana')
      expect({ stdout, exitCode }).toEqual({ stdout: 'So it is: {"paid":50}.\n', exitCode: 0 })
      const { stderr } = await place.refold('approve bill 3.0')
      expect(stderr).toMatch(/^refold: NotPossible: 3.0 asks for no approval; open: none; dana granted it at /)
    })

    test('denies one, which a chart of its own may end with', async () => {
      const here = copied()
      const { stderr, exitCode } = await here.refold("deny form --reason 'not legible'")
      expect(exitCode).toBe(exitCodes.wrong)
      expect(stderr).toMatch(/ApprovalDenied +0\.0 by .*: not legible/)
      expect(await here.json<ListedRun[]>('list --status failed')).toEqual([expect.objectContaining({ runId: 'form' })])
    })

    test('settles a call of which nobody knows whether it happened', async () => {
      const lost = await place.refold("run clerk --run-id lost -m 'lose it'")
      expect(lost.stderr).toContain('refold settle lost 3.0 --succeeded JSON | --failed TEXT')
      expect((await place.refold('settle lost 3.0')).exitCode).toBe(exitCodes.usage)
      const { stdout } = await place.refold('settle lost 3.0 --succeeded \'"it was there"\'')
      expect(stdout).toBe('So it is: it was there.\n')
    })

    test('answers for an agent, gives it back, pauses, resumes and completes it', async () => {
      const escalated = await place.json<RunView>('run clerk --run-id hard -m fail')
      expect(escalated).toMatchObject({ state: 'escalated', waitsFor: 'human' })
      expect((await place.refold('give-back hard --limits {"costEur":2}')).exitCode).toBe(exitCodes.usage)
      expect(await place.json<RunView>('give-back hard --note \'try again\' --limits {"costUsd":2}')).toMatchObject({
        answer: 'You said: try again',
      })
      expect((await place.refold("answer hard -m 'myself'")).exitCode).toBe(exitCodes.notPossible)
      expect(await place.json<RunView>('pause hard')).toMatchObject({ paused: true, waitsFor: 'resume' })
      expect(await place.json<RunView>('resume hard')).toMatchObject({ paused: false })
      expect(await place.json<RunView>('send hard', { stdin: 'once more' })).toMatchObject({ answer: 'You said: once more' })
      expect(await place.json<RunView>('complete hard --output {"done":true}')).toMatchObject({
        status: 'completed',
        output: { done: true },
      })
      const { stderr } = await place.refold("cancel hard --reason 'too late'")
      expect(stderr).toMatch(/^refold: NotPossible: hard has completed; .* completed it at /)
    })
  })

  describe('runs that a person owns', () => {
    test('are given back all at once, by their reason', async () => {
      await place.refold('run clerk --run-id away-1 -m fail')
      await place.refold('run clerk --run-id away-2 -m fail')
      await place.refold("run clerk --run-id owned -m 'lose it'")
      const asked = await place.json<readonly { runId: string }[]>('give-back --all --reason BADREQUEST --agent clerk --dry-run')
      expect(asked.map(({ runId }) => runId).sort()).toEqual(['away-1', 'away-2'])
      expect(await place.json('give-back --all --reason network')).toEqual([])
      expect(await place.json('give-back --all --agent form')).toEqual([])
      const given = await place.json<readonly { runId: string; state: string }[]>("give-back --all --reason badRequest --note 'try again'")
      expect(given.map(({ runId, state }) => `${runId} ${state}`).sort()).toEqual(['away-1 awaitingMessage', 'away-2 awaitingMessage'])
      expect(await place.json('give-back --all --reason badRequest')).toEqual([])
    })

    test.each(['give-back', 'give-back away-1 --all', 'give-back away-1 --reason network'])(
      'need one way to be chosen: %s',
      async (command) => {
        expect((await place.refold(command)).exitCode).toBe(exitCodes.usage)
      },
    )
  })

  describe('a run whose process was killed', () => {
    // Its lease would last for half a minute.
    test('goes on at once with the next command on it', { timeout: 20_000 }, async () => {
      const { signal } = await place.refold("run clerk --run-id killed -m 'die first'")
      expect(signal).toBe('SIGKILL')
      const { stdout } = await place.refold('send killed -m and?')
      expect(stdout).toContain('You said: and?')
    })

    test('is taken up by recover', async () => {
      await place.refold("run clerk --run-id left -m 'die second'")
      const recovered = await place.json<unknown[]>('recover')
      expect(recovered).toContainEqual({ runId: 'left', state: 'awaitingMessage', waitsFor: 'message' })
    })
  })

  test('recover counts the runs that it can only hand to a person', { timeout: 20_000 }, async () => {
    const here = newlyPlaced()
    await here.refold('run clerk --run-id gone -m vanish')
    const { stdout, stderr } = await here.refold('recover')
    expect(stderr).toContain('1 run with work that is due, now or at a set time')
    expect(stdout).toBe('gone  acting  waits for human\n')
    expect(await here.json('query stuck')).toEqual([expect.objectContaining({ runId: 'gone', why: 'unresolved' })])
  })

  test('tail shows what was recorded and what is being recorded, one event a line', async () => {
    let live: Promise<unknown> | undefined
    const { stdout, exitCode } = await place.until('tail --from 0 --json', (line) => {
      const { runId, type } = JSON.parse(line) as RecordedRunEvent
      live ??= place.refold('run clerk --run-id live -m hi')
      return runId === 'live' && type === 'TurnCompleted'
    })
    await live
    expect(stdout.split('\n')[0]).toContain('"runId":"hello"')
    expect(exitCode).toBe(0)
    const one = await place.until('tail hello --from 3', (_, lines) => lines.length === 2)
    expect(one.stdout).toMatch(
      /^ +\+\d+ ms +3 {2}ModelCallSucceeded .*\n +\+\d+ ms +4 {2}TurnCompleted +awaitingMessage +turn 1 answered\n$/,
    )
  })

  test('tail of one run is at the end with the run', async () => {
    await place.refold('run clerk --run-id over -m hi')
    await place.refold('complete over')
    const { stdout, stderr, exitCode } = await place.refold('tail over --from 0')
    expect(stdout.trimEnd().split('\n').at(-1)).toContain('RunCompleted')
    expect(stderr).toContain('over has ended')
    expect(exitCode).toBe(0)
    expect(await place.refold('tail over')).toMatchObject({ stdout: '', exitCode: 0 })
  })

  describe('export', () => {
    test('writes events with their envelopes, one a line, of agents that nobody knows any more too', async () => {
      const { stdout, exitCode } = await place.refold('export form hello', { config: configs.withoutForm })
      const events = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as RecordedRunEvent)
      expect(events.map(({ runId, revision }) => `${runId}@${revision}`).slice(0, 2)).toEqual(['form@0', 'form@1'])
      expect(Object.keys(events[0] ?? {})).toEqual(['position', 'runId', 'revision', 'id', 'type', 'storedAt', 'data', 'meta'])
      expect(exitCode).toBe(0)
    })

    test('writes one array to a file, and refuses to guess what is meant', async () => {
      await place.refold('export --all --format json -o events.json')
      const events = JSON.parse(readFileSync(join(place.folder, 'events.json'), 'utf8')) as unknown[]
      expect(events.length).toBeGreaterThan(20)
      expect((await place.refold('export')).exitCode).toBe(exitCodes.usage)
    })
  })

  describe('chart', () => {
    test('draws an agent', async () => {
      expect((await place.refold('chart form')).stdout).toMatch(/^stateDiagram-v2\n/)
    })

    test('draws where a run stood', async () => {
      const drawn = await place.json<{ active: string[]; taken: string[]; steps: unknown[] }>('chart --run parcel --at 5')
      expect(drawn.active).toEqual(['agent-run', 'agent-run.thinking', 'agent-run.thinking.callingModel'])
      expect(drawn.taken[0]).toBe('agent-run.acting|ToolCallSucceeded|0')
      expect(drawn.steps).toHaveLength(6)
    })

    test('writes a page with a slider over the events of a run', async () => {
      await place.refold('chart --run parcel -o run.html')
      const page = readFileSync(join(place.folder, 'run.html'), 'utf8')
      expect(page).toContain('id="slider"')
      expect(page).toContain('8 TurnCompleted')
      expect((await place.refold('chart')).exitCode).toBe(exitCodes.usage)
      const unknown = await place.refold('chart form -o form.pdf')
      expect(unknown).toMatchObject({ exitCode: exitCodes.usage, stderr: expect.stringMatching(/\.svg.*form\.pdf/) as string })
      expect(existsSync(join(place.folder, 'form.pdf'))).toBe(false)
    })
  })

  describe('a log in order', () => {
    test('refolds to what was recorded, run by run', async () => {
      const summary = await place.json<Record<string, number>>('replay --all')
      expect(summary).toMatchObject({ different: 0, unreadable: 0, equal: summary['runs'] })
      expect(summary['events']).toBeGreaterThan(40)
    })

    test('has nothing for the doctor', async () => {
      const { stdout, exitCode } = await place.refold('doctor')
      expect(stdout).toMatch(/All is well\.\n$/)
      expect(exitCode).toBe(0)
    })
  })

  describe('a changed event', () => {
    const tampered = (): Place => {
      const here = copied()
      const db = new DatabaseSync(join(here.folder, 'data/log.db'))
      db.exec(`UPDATE events SET data = replace(data, 'hello there', 'hello thers') WHERE data LIKE '%"hello there"%'`)
      db.close()
      return here
    }

    test('is found by replay, with what was recorded beside what it is now', async () => {
      const here = tampered()
      const { stdout, stderr, exitCode } = await here.refold('replay hello parcel')
      expect(exitCode).toBe(exitCodes.wrong)
      expect(stdout).toMatch(/^hello differs at revision 1 \(MessageReceived\): hash\n {2}recorded: [0-9a-f]{64}\n {2}refolded: /)
      expect(stderr).toContain('1 equal, 1 different, 0 unreadable')
    })

    test('is found by the doctor, with its place', async () => {
      const { stdout, exitCode } = await tampered().refold('doctor --json')
      expect(exitCode).toBe(exitCodes.wrong)
      expect((JSON.parse(stdout) as Diagnosis).findings).toEqual([
        expect.objectContaining({ severity: 'problem', check: 'hash', places: ['hello@1'], count: 1 }),
      ])
    })
  })

  describe('a chart that changed under its version', () => {
    const config = configs.changedForm

    test('keeps a run from being refolded, and says what to do', async () => {
      const replayed = await place.refold('replay form', { config })
      expect(replayed.exitCode).toBe(exitCodes.wrong)
      expect(replayed.stdout).toMatch(/^form cannot be refolded: ChartChanged: .*Give the changed agent a new version/)
    })

    test('does not keep it from being looked at, and from being cancelled', async () => {
      const here = copied()
      const at = await here.refold('at form 0', { config })
      expect(at.exitCode).toBe(exitCodes.ok)
      expect(at.stdout).toMatch(/stopped: form was started on chart/)
      expect((await here.refold('list', { config })).stdout).toMatch(/^form .*\(changed chart\)/m)
      expect((await here.refold('send form -m hello', { config })).exitCode).toBe(exitCodes.configuration)
      const cancelled = await here.refold('cancel form --reason enough --json', { config })
      expect(JSON.parse(cancelled.stdout)).toMatchObject({ status: 'cancelled', reason: 'enough', unfolded: 'ChartChanged' })
      expect((await here.refold('replay form')).exitCode).toBe(exitCodes.ok)
    })

    test('is found by the doctor, as is an agent that is gone', async () => {
      const changed = await place.refold('doctor --json', { config })
      expect(changed.exitCode).toBe(exitCodes.wrong)
      expect(checksOf(changed.stdout)).toEqual(['problem agent'])
      const gone = await place.refold('doctor', { config: configs.withoutForm })
      expect(gone.stdout).toContain('problem (agent): Open runs, which cannot go on, of form@1, which the configuration does not have')
    })
  })

  describe('the doctor', () => {
    test('finds missing blobs and events of a newer version', async () => {
      const here = copied()
      rmSync(join(here.folder, 'data/blobs'), { recursive: true })
      const db = new DatabaseSync(join(here.folder, 'data/log.db'))
      db.exec(`UPDATE events SET type = 'RunImproved' WHERE type = 'TurnCompleted'`)
      db.close()
      const { stdout, exitCode } = await here.refold('doctor --json')
      expect(exitCode).toBe(exitCodes.wrong)
      expect(new Set(checksOf(stdout))).toEqual(new Set(['problem blob', 'problem event', 'problem hash']))
    })

    test('says so where the log is none, which every other command refuses', async () => {
      const here = copied()
      writeFileSync(join(here.folder, 'data/log.db'), 'This is no data base, whatever it may be called. '.repeat(50))
      rmSync(join(here.folder, 'data/log.db-wal'), { force: true })
      expect((await here.refold('list')).exitCode).toBe(exitCodes.store)
      const { stdout, exitCode } = await here.refold('doctor --json')
      expect(exitCode).toBe(exitCodes.wrong)
      expect(checksOf(stdout)).toEqual(['problem log'])
    })
  })
})

const newlyPlaced = (): Place => {
  const here = newPlace()
  places.push(here)
  return here
}
