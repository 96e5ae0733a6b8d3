import type { KeyAction } from '../keys/keys.ts'

/** Of the run that is looked at: no key decides, it opens the dialog that does. */
export const handOverKey = (where: () => Element | null | undefined): KeyAction => ({
  keys: ['T'],
  does: 'Take the run over from its agent, or give it back',
  act: () => where()?.querySelector<HTMLElement>('[data-command=takeRunOver], [data-command=giveRunBack]')?.click(),
})
