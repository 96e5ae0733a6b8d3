import { useSelector } from '@xstate/store-preact'
import { visibleText } from '../../src/text.ts'
import { session } from './session-store.ts'

/** As whom somebody looks and decides, and the way out. */
export const Who = () => {
  const who = useSelector(session, ({ context }) => context.who)
  if (who === undefined) return null
  return (
    <span class="who">
      {visibleText(who.name)}
      {who.expiresAt !== null && (
        <button type="button" class="plain" onClick={session.trigger.left}>
          Sign out
        </button>
      )}
    </span>
  )
}
