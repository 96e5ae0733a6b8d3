import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { toolNames } from '../../../examples/airline/call-tool.ts'
import { dataHash } from '../../../examples/airline/data-hash.ts'
import { loadAirline } from '../../../examples/airline/dataset.ts'
import { loadRecordedRuns } from '../../../examples/airline/recorded-runs.ts'
import { SMALL_FILES, smallAirline } from './small-airline.ts'

const declaration = (name: string): object => ({
  type: 'function',
  function: { name, description: `Does ${name}.`, parameters: { type: 'object', properties: {}, required: [] } },
})

let folder: string

const write = (file: string, content: unknown): Promise<void> =>
  writeFile(path.join(folder, file), typeof content === 'string' ? content : JSON.stringify(content))

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'airline-'))
  await Promise.all(Object.entries(SMALL_FILES).map(([file, rows]) => write(file, rows)))
  await write('policy.md', '# Policy\n')
  await write('tools.json', toolNames.toReversed().map(declaration))
})

afterEach(() => rm(folder, { recursive: true }))

describe('loading the airline', () => {
  test('gives data, policy and tools, the tools in the order of their file', async () => {
    const { data, policy, tools } = await loadAirline(folder)
    expect(dataHash(data)).toBe(dataHash(smallAirline()))
    expect(policy).toBe('# Policy\n')
    expect(tools.map(({ name }) => name)).toEqual(toolNames.toReversed())
    expect(tools[0]).toEqual({
      name: 'update_reservation_passengers',
      description: 'Does update_reservation_passengers.',
      inputSchema: { type: 'object', properties: {}, required: [] },
      effect: 'idempotent',
    })
    expect(tools.filter(({ effect }) => effect === 'read').map(({ name }) => name)).toEqual([
      'think',
      'search_onestop_flight',
      'search_direct_flight',
      'list_all_airports',
      'get_user_details',
      'get_reservation_details',
      'calculate',
    ])
  })

  test('names the file that is missing', async () => {
    await rm(path.join(folder, 'users.json'))
    await expect(loadAirline(folder)).rejects.toMatchObject({
      code: 'InvalidInput',
      message: expect.stringMatching(/^expected the airline data file .*users\.json, found ENOENT/) as string,
    })
  })

  test('names the place and what was expected there', async () => {
    await write('reservations.json', { RES001: { ...SMALL_FILES['reservations.json'].RES001, cabin: 'first' } })
    await expect(loadAirline(folder)).rejects.toMatchObject({
      code: 'InvalidInput',
      message: expect.stringMatching(
        /^in reservations\.json at \$\.RES001\.cabin: Invalid option: expected one of "basic_economy"/,
      ) as string,
    })
  })

  test('refuses the later revision of the users, with which no hash would agree', async () => {
    const { province, ...address } = SMALL_FILES['users.json'].mia.address
    await write('users.json', { mia: { ...SMALL_FILES['users.json'].mia, address: { ...address, state: province } } })
    await expect(loadAirline(folder)).rejects.toThrow(/^in users\.json at \$\.mia\.address/)
  })

  test('refuses what is no JSON and what declares other tools', async () => {
    await write('tools.json', [declaration('think')])
    await expect(loadAirline(folder)).rejects.toThrow(/^expected the tools book_reservation, .* in tools\.json, found think$/)
    await write('flights.json', '{')
    await expect(loadAirline(folder)).rejects.toThrow(/^expected JSON in flights\.json, found: /)
  })
})

describe('loading recorded runs', () => {
  const line = {
    task_id: 1,
    trial: 0,
    reward: 0,
    info: {
      task: { user_id: 'mia', instruction: 'x', actions: [{ name: 'think', kwargs: { thought: '1.0' } }], outputs: [] },
      reward_info: null,
    },
    traj: [{ role: 'system', content: 'x' }],
  }

  test('keeps the numbers of the ground truth as they were written', async () => {
    await write('trajectories.jsonl', JSON.stringify(line).replace('"1.0"', '250.0') + '\n')
    const [run] = await loadRecordedRuns(folder)
    expect(run).toEqual({
      taskId: 1,
      trial: 0,
      reward: 0,
      task: { userId: 'mia', instruction: 'x', actions: [{ name: 'think', argumentsText: '{"thought": 250.0}' }], outputs: [] },
      messages: line.traj,
    })
  })

  test('names the line that is of another shape', async () => {
    await write('trajectories.jsonl', `${JSON.stringify(line)}\n${JSON.stringify({ ...line, traj: [{ role: 'robot' }] })}\n`)
    await expect(loadRecordedRuns(folder)).rejects.toThrow(/^in trajectories\.jsonl line 2 at \$\.traj\.0\.role: /)
  })
})
