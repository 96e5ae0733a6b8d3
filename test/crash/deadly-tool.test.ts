import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openRefold } from '../../src/index.ts'
import { startRefoldProcess, type RefoldProcess } from '../../servers/refold-process.ts'
import config from './deadly-tool.config.ts'

const folder = mkdtempSync(join(tmpdir(), 'refold-deadly-'))
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

interface Line {
  readonly level: number
  readonly msg: string
  readonly runId: string
  readonly tool: string
  readonly attempt: number
  readonly then: string
}

test(
  'A tool that ends its process ends three of them and no more, and whoever takes over says which run and which tool',
  { timeout: 120_000 },
  async () => {
    const lines: Line[] = []
    const start = (...words: readonly string[]): RefoldProcess =>
      startRefoldProcess({
        words,
        config: join(import.meta.dirname, 'deadly-tool.config.ts'),
        folder,
        environment: {},
        hear: (line) => {
          if (line.startsWith('{')) lines.push(JSON.parse(line) as Line)
        },
      })
    expect(await start('run', 'desk', '--message', 'a.png').gone).toBe(1)
    let deaths = 1
    const onlooker = await openRefold({ ...config, dir: join(folder, 'data'), recover: false })
    await onlooker.projector.catchUp()
    const [row] = await onlooker.views.list({ limit: 1 })
    const run = onlooker.run(row?.runId ?? '')
    const settled = run.untilSettled()

    // As a supervisor does.
    let worker: RefoldProcess
    do {
      worker = start('worker')
      const end = await Promise.race([settled, worker.gone])
      if (typeof end === 'object' && end !== null) break
      deaths += 1
    } while (deaths < 20)

    expect((await settled).answer).toBe('It cannot be done.')
    expect(await worker.stop()).toBe(0)
    await onlooker.close()
    expect(deaths).toBe(3)
    const told = lines.filter(({ msg }) => msg.startsWith('a call is taken over'))
    expect(told.map(({ level, runId, tool, attempt, then }) => ({ level, runId, tool, attempt, then }))).toEqual(
      [
        { attempt: 1, then: 'begunAgain' },
        { attempt: 2, then: 'heldBack' },
        { attempt: 3, then: 'begunAgain' },
        { attempt: 4, then: 'givenUp' },
      ].map((each) => ({ level: 40, runId: run.id, tool: 'convert', ...each })),
    )
  },
)
