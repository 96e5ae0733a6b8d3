// The order desk: what goes wrong in production and what becomes of it, and a customer who sends a picture. Then it stays open, with a page to look at it;
// with --once it ends.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { styleText } from 'node:util'
import type { GivenContent, RecordedRunEvent, Run, RunView } from 'refold'
import { brokenItem } from './broken-item.ts'
import { customerRuns, customers, personsAnswer, PICTURE } from './customers.ts'
import { evaluate } from './evaluated.ts'
import { keepDeskOpen } from './open-desk.ts'
import { DESK_FOLDER, openDesk, type Desk } from './desk.ts'
import { FINAL_STATES, finalStates } from './final-states.ts'
import { line } from './story.ts'
import { realModels } from './real-models.ts'

const failures: string[] = []
const expect = (what: string, holds: boolean): void => {
  console.log(`   ${holds ? styleText('green', '✓') : styleText('red', '✗')} ${what}`)
  if (!holds) failures.push(what)
}

const title = (text: string): void => {
  console.log(`\n${styleText('bold', text)}`)
}

/** Prints what a run records until it waits for somebody; a person at the desk grants what is asked. */
const tell = async (run: Run, from = 0): Promise<{ view: RunView; events: RecordedRunEvent[] }> => {
  let view = await run.untilSettled()
  if (view.waitsFor === 'approval') {
    for (const { callId } of view.approvals) await run.approve(callId, { by: 'dana' })
    view = await run.untilSettled()
  }
  const events: RecordedRunEvent[] = []
  for await (const event of run.events({ from })) {
    events.push(event)
    const text = line(event)
    if (text !== undefined) console.log(`   ${text}`)
    if (event.revision === view.revision) break
  }
  return { view, events }
}

const has = (events: readonly RecordedRunEvent[], type: RecordedRunEvent['type']): boolean => events.some((event) => event.type === type)

const scenes = async ({ refold, shop }: Desk, isScripted: boolean): Promise<void> => {
  const check = (what: string, holds: boolean): void => {
    // What a real model does is its own affair; what Refold guarantees holds for any.
    if (isScripted) expect(what, holds)
  }
  title('1. A tool call, and a carrier that fails once')
  const parcel = await refold.start('order-desk', { runId: 'parcel', message: customers.parcel, context: { name: 'Ann' } })
  const tracked = await tell(parcel)
  expect(
    'its instructions were made for its customer',
    tracked.events.some((event) => event.type === 'RunStarted' && event.data.instructions?.includes('with Ann')),
  )
  check('the failed call was tried again', has(tracked.events, 'TimerFired') && tracked.view.answer?.includes('Lyon') === true)

  title('2. The first model is overloaded, the second one answers')
  const kettle = await tell(await refold.start('order-desk', { runId: 'kettle', message: customers.kettle }))
  check(
    'the fallback answered',
    kettle.events.some((event) => event.type === 'ModelCallSucceeded' && event.data.model === 'desk-small'),
  )

  title('3. A refund that a person has to grant')
  const refund = await tell(await refold.start('order-desk', { runId: 'refund', message: customers.refund }))
  check('it was asked, granted by dana, and paid once', has(refund.events, 'ApprovalGranted') && shop.bookings().length === 1)

  title('4. A model that goes in circles')
  const circles = await refold.start('order-desk', { runId: 'circles', message: customers.circles })
  const stopped = await tell(circles)
  check(
    'a limit stopped it, with an answer, and a human owns it now',
    has(stopped.events, 'LimitExceeded') && stopped.view.state === 'escalated',
  )
  if (stopped.view.state === 'escalated') {
    await circles.answer(personsAnswer)
    await tell(circles, stopped.view.revision + 1)
  }
}

const pictureSent = async ({ refold }: Desk, isScripted: boolean): Promise<void> => {
  title('5. A customer sends a picture of what is broken')
  const run = await refold.start('order-desk', { runId: PICTURE, message: brokenItem })
  const { view } = await tell(run)
  const pictures = view.transcript.flatMap(({ parts }) => parts).filter((part) => part.type === 'image')
  const [first] = pictures
  if (!isScripted || first?.source.type !== 'blob') return
  const { mediaType, bytes } = await run.blob(first.source.hash)
  expect(
    `the event names it by its hash, and the store has its ${bytes.byteLength} bytes of ${mediaType}`,
    sizeOf(brokenItem) === bytes.byteLength,
  )
}

const sizeOf = (content: GivenContent): number | undefined => {
  const [, picture] = content
  return typeof picture === 'object' && picture.type === 'image' && picture.source.type === 'bytes' ? picture.source.data.length : undefined
}

const killedInTheMiddle = (isScripted: boolean): void => {
  if (!isScripted) return
  title('6. The process is killed right after the card was charged')
  const worker = spawnSync(process.execPath, [...process.execArgv, join(import.meta.dirname, 'charge-and-die.ts'), DESK_FOLDER, 'charge'])
  expect(`the worker was killed (${worker.signal ?? worker.stderr.toString()})`, worker.signal === 'SIGKILL')
}

const recovered = async ({ refold, shop }: Desk): Promise<void> => {
  console.log(`   ${styleText('dim', 'a new process opens the same folder')}`)
  const { view, events } = await tell(refold.run('charge'))
  const charges = shop.bookings().filter(({ kind }) => kind === 'charge').length
  expect('the call was unresolved, and the look-up settled it', has(events, 'ToolCallUnresolved') && view.answer?.includes('25 $') === true)
  expect(`the card was charged once (${charges})`, charges === 1)
}

const verified = async ({ refold }: Desk): Promise<void> => {
  title('7. Every run refolds to what was recorded')
  for (const runId of [...customerRuns, PICTURE]) {
    const replay = await refold.run(runId).verify()
    expect(`${runId}: ${replay.ok ? `${replay.events} events, state, intents, prompts and hashes equal` : replay.report}`, replay.ok)
  }
}

const showFinalStates = async ({ refold, shop }: Desk): Promise<void> => {
  title(FINAL_STATES)
  const views = await Promise.all([...customerRuns, PICTURE].map((runId) => refold.run(runId).state()))
  for (const row of finalStates(views, shop.bookings())) console.log(row)
}

const main = async (): Promise<void> => {
  console.log(`It begins anew: ${DESK_FOLDER} is emptied.`)
  rmSync(DESK_FOLDER, { recursive: true, force: true })
  const models = realModels()
  console.log(
    models === undefined
      ? 'The models are played by a script. Set ANTHROPIC_API_KEY or OPENAI_API_KEY to talk to a real one.'
      : `The model is ${models.join(', then ')}.`,
  )
  const options = models === undefined ? {} : { models }
  const before = await openDesk(options)
  await scenes(before, models === undefined)
  await pictureSent(before, models === undefined)
  await before.refold.close()
  killedInTheMiddle(models === undefined)
  const after = await openDesk(options)
  if (models === undefined) {
    await recovered(after)
    await verified(after)
    await showFinalStates(after)
  }
  await after.refold.close()
  const refold = 'npm run refold -- --config examples/order-desk/refold.config.ts'
  title('Where to look next')
  console.log(
    `   ${refold} list\n   ${refold} show charge\n   ${refold} at refund 4\n   ${refold} chart order-desk --format html -o chart.html`,
  )
  if (failures.length > 0) {
    console.error(`\n${failures.length} expectations did not hold`)
    process.exitCode = 1
  }
  if (process.argv.includes('--once')) return
  if (models === undefined) {
    title('8. Its runs are a dataset, and its agent is run on them again: an eval')
    evaluate()
  }
  await keepDeskOpen(models === undefined)
}

await main()
