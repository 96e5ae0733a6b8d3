import { useEffect } from 'preact/hooks'
import { Time } from '../preferences/time.tsx'
import type { RunPage } from '../server/contract.ts'

const AGAIN_MS = 2_000

interface BehindProps {
  /** Of an answer; another object with each of them. */
  readonly behind: RunPage['behind']
  /** Nobody tells when the views have come up to the log, so it is asked again. */
  readonly lookAgain?: () => void
}

/** What a list may lack, since the service is still taking in what was stored. */
export const Behind = ({ behind, lookAgain }: BehindProps) => {
  useEffect(() => {
    if (behind === undefined || lookAgain === undefined) return
    const timer = setTimeout(lookAgain, AGAIN_MS)
    return () => {
      clearTimeout(timer)
    }
  }, [behind])
  if (behind === undefined) return null
  return (
    <span class="faint behind" role="status">
      What was stored{' '}
      {behind.since === null ? (
        'of late'
      ) : (
        <>
          since <Time at={behind.since} />
        </>
      )}{' '}
      may be missing
    </span>
  )
}
