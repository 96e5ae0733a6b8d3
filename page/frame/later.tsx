import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'

/** A part of the page that is fetched when it is first shown. */
export const later = <Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> => {
  let loaded: ComponentType<Props> | undefined
  return (props) => {
    const [state, setState] = useState<'loading' | 'loaded' | 'failed'>(loaded === undefined ? 'loading' : 'loaded')
    useEffect(() => {
      if (loaded !== undefined) return
      load().then(
        (part) => {
          loaded = part
          setState('loaded')
        },
        () => {
          setState('failed')
        },
      )
    }, [])
    if (state === 'failed') return <NotLoaded />
    if (loaded === undefined) return <p class="loading faint">Loading …</p>
    const Part = loaded
    return <Part {...props} />
  }
}

/** The service may have been started anew, with another version of the page. */
const NotLoaded = () => (
  <div class="problem" role="alert">
    <strong>This part of the page could not be loaded.</strong>{' '}
    <button
      type="button"
      onClick={() => {
        location.reload()
      }}
    >
      Load the page again
    </button>
  </div>
)
