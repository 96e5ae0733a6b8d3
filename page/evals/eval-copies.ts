import { visibleJson, visibleText } from '../../src/text.ts'
import { currentLink } from '../address/address.ts'
import { copyActions, markdownText, shellWord } from '../keys/copy-keys.ts'
import type { KeyAction } from '../keys/keys.ts'
import type { EvalPage, OneEval } from '../server/contract.ts'
import { intervalText, percentText } from './share-text.tsx'

const text = (value: unknown): string | undefined => (value === undefined ? undefined : visibleJson(JSON.stringify(value, null, 2)))

/** The list as it is shown. */
export const listCopies = (page: EvalPage | undefined): readonly KeyAction[] =>
  copyActions({
    json: () => text(page),
    command: () => 'refold query evals',
    markdown: () =>
      page?.evals
        .map(({ id, agent, accuracy }) => `- ${named(id)} ${named(agent)}: ${percentText(accuracy.value)} (${intervalText(accuracy)})`)
        .join('\n'),
  })

export const evalCopies = (found: OneEval | undefined): readonly KeyAction[] =>
  copyActions({
    json: () => text(found),
    command: () => (found === undefined ? undefined : `refold query eval-runs --tag ${shellWord(`eval=${found.id}`)}`),
    markdown: () =>
      found === undefined
        ? undefined
        : [
            `## [${named(found.id)}](${currentLink()})`,
            ...found.scorers.map(({ name, passed }) => `- ${named(name)}: ${percentText(passed.value)} (${intervalText(passed)})`),
          ].join('\n'),
  })

const named = (name: string): string => markdownText(visibleText(name))
