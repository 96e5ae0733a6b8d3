import { useSelector } from '@xstate/store-preact'
import { useEffect } from 'preact/hooks'
import { address, hrefOf } from '../address/address.ts'
import { Link } from '../address/link.tsx'
import { useKeys } from '../keys/keys.ts'
import { ProblemCard } from '../parts/problem-card.tsx'
import { onChangeLookUp } from '../runs/changes.ts'
import { InboxCard } from './inbox-card.tsx'
import { inboxActions } from './inbox-keys.ts'
import { InboxSearch, saysWords } from './inbox-search.tsx'
import { inbox } from './inbox-store.ts'

const KINDS = [
  { name: 'all', kind: undefined },
  { name: 'approvals', kind: 'approval' },
  { name: 'owned by a person', kind: 'person' },
  { name: 'unresolved calls', kind: 'unresolved' },
]

/** What waits for people: one card a question, and one decision a card. */
export const InboxPage = () => {
  const { cards, isCut, error } = useSelector(inbox, ({ context }) => context)
  const kind = useSelector(address, ({ context }) => context.query['kind'])
  useEffect(() => {
    inbox.trigger.asked()
    return onChangeLookUp(inbox.trigger.asked)
  }, [])
  useKeys(inboxActions)
  const words = useSelector(address, ({ context }) => context.query['q']) ?? ''
  const ofKind = cards?.filter((card) => kind === undefined || card.kind === kind)
  const isSearched = words.trim() !== ''
  const shown = ofKind?.filter((card) => !isSearched || saysWords(words, card))
  return (
    <div class="inbox">
      <h1>Inbox</h1>
      <nav aria-label="Kinds of questions" class="filters">
        <Kinds kind={kind} words={words} />
        <InboxSearch words={words} found={lengthOf(shown)} all={lengthOf(ofKind)} />
      </nav>
      {error !== undefined && <ProblemCard error={error} retry={inbox.trigger.asked} />}
      {shown?.length === 0 && <p class="faint">{isSearched ? 'No question has these words.' : 'Nobody has to decide anything.'}</p>}
      {shown?.map((card) => (
        <InboxCard key={card.key} card={card} />
      ))}
      {isCut && <p class="faint">There is more than is shown: what is decided here makes room for it.</p>}
    </div>
  )
}

const lengthOf = (cards: readonly unknown[] | undefined): number => cards?.length ?? 0

const Kinds = ({ kind, words }: { readonly kind: string | undefined; readonly words: string }) => (
  <>
    {KINDS.map((each) => (
      <Link
        key={each.name}
        class="chip"
        to={hrefOf('/inbox', { kind: each.kind, q: words })}
        {...(each.kind === kind ? { 'aria-current': true as const } : {})}
      >
        {each.name}
      </Link>
    ))}
  </>
)
