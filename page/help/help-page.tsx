import { useSelector } from '@xstate/store-preact'
import { diffActions } from '../diff/diff-keys.ts'
import { frameActions } from '../frame/frame-keys.ts'
import { inboxActions } from '../inbox/inbox-keys.ts'
import { keyText, type KeyAction } from '../keys/keys.ts'
import { preferences, times } from '../preferences/preferences.ts'
import { runActions } from '../run/run-keys.ts'
import { listActions } from '../runs/list-keys.ts'

const PLACES: readonly (readonly [place: string, actions: readonly KeyAction[]])[] = [
  ['Everywhere', frameActions],
  ['Runs', listActions],
  ['A run', runActions],
  ['Two runs side by side', diffActions],
  ['Inbox', inboxActions],
]

export const HelpPage = () => {
  const chosen = useSelector(preferences, ({ context }) => context)
  return (
    <div class="help">
      <h1>Help</h1>
      <p>
        <label>
          <input
            type="checkbox"
            checked={chosen.letters}
            onChange={({ currentTarget }) => {
              preferences.trigger.chosen({ change: { letters: currentTarget.checked } })
            }}
          />{' '}
          Single letters and signs are commands
        </label>{' '}
        <label>
          Times{' '}
          <select
            value={chosen.times}
            onChange={({ currentTarget }) => {
              preferences.trigger.chosen({ change: { times: times.find((way) => way === currentTarget.value) ?? 'relative' } })
            }}
          >
            <option value="relative">from now</option>
            <option value="start">since the run began</option>
            <option value="local">local</option>
            <option value="utc">UTC</option>
          </select>
        </label>
      </p>
      {PLACES.map(([place, actions]) => (
        <section key={place}>
          <h2>{place}</h2>
          <dl>
            {actions.map(({ keys, does }) => (
              <div key={does} class="change">
                <dt>
                  {keys.map((each) => (
                    <kbd key={each}>{keyText(each)}</kbd>
                  ))}
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </div>
  )
}
