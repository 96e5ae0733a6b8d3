import { useSelector } from '@xstate/store-preact'
import { ProblemCard } from '../parts/problem-card.tsx'
import { session } from './session-store.ts'

/** Takes a key once: the browser keeps a cookie that no script reads, and the key nowhere. */
export const SignInPage = () => {
  const error = useSelector(session, ({ context }) => context.error)
  return (
    <section class="empty">
      <h1>Sign in</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          const key = new FormData(event.currentTarget).get('key')
          session.trigger.keyGiven({ key: typeof key === 'string' ? key.trim() : '' })
        }}
      >
        <label class="field">
          API key
          <input type="password" name="key" autocomplete="off" required />
        </label>
        <button type="submit" class="main">
          Sign in
        </button>
      </form>
      {error !== undefined && <ProblemCard error={error} />}
      <p class="faint">The service was started with API keys. What you may see and do is what the key may.</p>
    </section>
  )
}
