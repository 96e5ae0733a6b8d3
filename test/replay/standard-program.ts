import { standardProgram as programOfStandardCharts } from '../../src/fold/program.ts'

/** All that a replay of an agent on the standard chart needs: neither its tools nor its words. */
export const standardProgram = programOfStandardCharts()
