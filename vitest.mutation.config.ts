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
    // One process for all files of a mutant: to start one for each costs more than its tests.
    isolate: false,
    // A mutant that a busy machine delays is not one that hangs.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
