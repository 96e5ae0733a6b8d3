import { useSelector } from '@xstate/store-preact'
import { preferences, times } from '../preferences/preferences.ts'

const KEYS: readonly (readonly [place: string, keys: readonly (readonly [key: string, does: string])[]])[] = [
  [
    'Everywhere',
    [
      ['?', 'this page'],
      ['g then r, i', 'to the runs, to the inbox'],
      ['t', 'times: from now, since the run began, local, UTC'],
      ['\\', 'theme'],
    ],
  ],
  [
    'Runs and inbox',
    [
      ['/', 'search'],
      ['j k', 'next, previous'],
      ['Enter', 'open'],
      ['Esc', 'close the run beside the list'],
    ],
  ],
  [
    'A run',
    [
      ['← →', 'one event'],
      ['Shift ← →', 'one turn'],
      ['Home, End, l', 'first event, live'],
      ['. ,', 'next, previous event of the same call'],
      ['n p', 'next, previous failure or decision'],
      ['c e', 'cause, effect'],
      ['Space', 'play, stop'],
      ['f', 'chart with or without the labels of all edges'],
      ['1 to 7', 'a pane'],
    ],
  ],
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
      {KEYS.map(([place, keys]) => (
        <section key={place}>
          <h2>{place}</h2>
          <dl>
            {keys.map(([key, does]) => (
              <div key={key} class="change">
                <dt>
                  <kbd>{key}</kbd>
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
