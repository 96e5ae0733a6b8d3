import type { ShownSource } from './source-of.ts'

const SAYS: Readonly<Record<ShownSource, string>> = {
  recorded: 'as the run has recorded it that this one is a fork of',
  simulated: 'nothing was executed: the result was given, or made up',
  asked: 'nothing was executed: a person is asked, or has said it',
  live: 'a model was called',
  REAL: 'was executed for real',
}

export const Source = ({ source }: { readonly source: ShownSource | undefined }) =>
  source === undefined ? null : (
    <span class={`source ${source.toLowerCase()}`} title={SAYS[source]}>
      {source}
    </span>
  )
