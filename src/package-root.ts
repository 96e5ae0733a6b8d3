// Not by its name: an older Node, which has no such export, would end with a complaint about that before it hears what Refold needs.
import * as nodeModule from 'node:module'
import { dirname } from 'node:path'

/** The folder of this package, from its sources and from what is built of them alike: that lies in other folders. */
export const packageRoot = dirname(nodeModule.findPackageJSON(import.meta.url) ?? import.meta.dirname)
