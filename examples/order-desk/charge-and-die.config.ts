// A worker that is killed between the charge and the record of it.
import { defineConfig } from 'refold'
import { DESK_FOLDER, deskDependencies } from './desk.ts'
import desk from './refold.config.ts'
import { fileShop, shopThatKills } from './shop.ts'

export default defineConfig({ ...desk, dependencies: deskDependencies(shopThatKills(fileShop(DESK_FOLDER))) })
