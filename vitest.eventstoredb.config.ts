import { defineConfig } from 'vitest/config'

// For `npm run test:eventstoredb`: the tests that need a real server, which REFOLD_TEST_EVENTSTORE names.
export default defineConfig({
  ssr: { resolve: { conditions: ['refold:source', 'module', 'node'] } },
  test: {
    include: ['test/eventstoredb/real-server.ts'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: [['default', { summary: false }]],
  },
})
