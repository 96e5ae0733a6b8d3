import { createMachine } from 'xstate'

/** What is hard to draw: regions, histories, loops, arrows between regions, and names that are markup. */
export const rareChart = createMachine({
  id: 'rare',
  type: 'parallel',
  description: 'All & "everything" <at once>',
  on: { Reset: { target: ['.left.a', '.right.c'] } },
  states: {
    left: {
      initial: 'a',
      onDone: 'right',
      states: {
        a: { on: { 'a<b>&"c"': 'b', Again: { target: 'a', reenter: true }, Up: { target: '#rare.left', reenter: true } } },
        b: { type: 'final' },
        h: { type: 'history', target: 'b' },
      },
    },
    right: {
      initial: 'c',
      description: "it's </title> here",
      states: {
        c: { on: { Go: '#rare.left.h', Note: { actions: 'note' } } },
        d: { tags: ['human'], always: 'c' },
        deep: { type: 'history', history: 'deep' },
      },
    },
  },
})
