import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Tests import 'refold' as a user does; the condition leads it to src/ instead of dist/.
  ssr: { resolve: { conditions: ['refold:source', 'module', 'node'] } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/built-code.ts', 'test/support/closing-lines.ts'],
    // Processes, not threads: crash tests end theirs, and a store's native handle goes with its process.
    pool: 'forks',
    // One more than two cores: a third of the time tests wait for servers, deadlines and processes.
    maxWorkers: 3,
    testTimeout: 20_000,
    hookTimeout: 40_000,
    // What is polled for is there soon, or never: the machine may be busy.
    expect: { poll: { timeout: 30_000 } },
    reporters: [['default', { summary: false }]],
  },
})
