import { defineConfig } from 'vitest/config'

// For `npm run test:eventstoredb`: the tests that need a real server, which REFOLD_TEST_EVENTSTORE names.
export default defineConfig({
  ssr: { resolve: { conditions: ['refold:source', 'module', 'node'] } },
  test: {
    include: ['test/eventstoredb/real-server.ts'],
    globalSetup: ['test/support/closing-lines.ts'],
    pool: 'forks',
    // For a cluster on slow disks whose log is long.
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters: [['default', { summary: false }]],
  },
})
