import { useSelector } from '@xstate/store-preact'
import { copied } from './clipboard.ts'

/** Says what was copied by key. */
export const CopiedWords = () => {
  const words = useSelector(copied, ({ context }) => context.words)
  return (
    <p class={words === '' ? 'unseen' : 'copied'} role="status">
      {words}
    </p>
  )
}
