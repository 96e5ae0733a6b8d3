import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Tests import 'refold' as a user does; the condition leads it to src/ instead of dist/.
  ssr: { resolve: { conditions: ['refold:source', 'module', 'node'] } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/closing-lines.ts'],
    // Processes, not threads: crash tests end theirs, and a store's native handle goes with its process.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 10_000,
    hookTimeout: 20_000,
    reporters: [['default', { summary: false }]],
  },
})
