// A worker that is killed between the charge and the record of it.
import { customers } from './customers.ts'
import { openDesk } from './desk.ts'
import { fileShop, shopThatKills } from './shop.ts'

const [dir, runId] = process.argv.slice(2)
if (dir === undefined || runId === undefined) throw new Error('expected a folder and a run id')

const { refold } = await openDesk({ dir, shop: shopThatKills(fileShop(dir)) })
const run = await refold.start('order-desk', { runId, message: customers.charge })
await run.untilSettled()
