import { useSelector } from '@xstate/store-preact'
import { now } from './now.ts'
import { preferences } from './preferences.ts'
import { fullTimeText, timeText } from './time-text.ts'

/** A time as the reader wants it; the pointer is told it in full. */
export const Time = ({ at, since }: { readonly at: number; readonly since?: number }) => {
  const { times } = useSelector(preferences, ({ context }) => context)
  const text = useSelector(now, ({ context }) => timeText(at, { times }, { now: context.at, ...(since === undefined ? {} : { since }) }))
  return (
    <time dateTime={new Date(at).toISOString()} title={fullTimeText(at, times === 'utc' ? 'utc' : 'local')}>
      {text}
    </time>
  )
}
