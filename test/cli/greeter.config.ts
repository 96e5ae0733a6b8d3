import { answer, defineAgent, defineConfig, defineEval, ownScorer, scriptedModel } from 'refold'

// Greets, and says on standard error how often its model was asked.
export default defineConfig({
  dir: 'data',
  agents: [defineAgent({ name: 'greeter', version: '1', instructions: 'Greet.', models: ['hall/one'] })],
  models: {
    hall: scriptedModel(() => {
      process.stderr.write('asked\n')
      return answer('Good day.')
    }),
  },
  evals: [defineEval({ name: 'polite', scorers: [ownScorer('polite', ({ answer: said }) => said === 'Good day.')] })],
})
