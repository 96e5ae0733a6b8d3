import { defineConfig } from 'vitest/config'
import common from './vitest.config.ts'

/** The tests that each mutant of the core has to fall to: without a process, a server or a file of another folder. */
export default defineConfig({
  ...common,
  test: {
    ...common.test,
    include: ['test/replay/*.test.ts', 'test/unit/{fold,guardrails,machines,projections,runtime,statechart}/*.test.ts'],
    exclude: ['test/unit/runtime/large-answers.test.ts'],
    globalSetup: [],
  },
})
