import { aligned } from '../../src/projections/alignment.ts'

/** A piece of two texts: of both, or of one of them. */
export interface Piece {
  readonly of: 'both' | 'a' | 'b'
  readonly text: string
}

/** Beyond it two texts are shown one after the other. */
const MOST_WORDS = 1_500

/** Word by word, with the space between them. */
export const wordDiff = (a: string, b: string): readonly Piece[] => {
  const [left, right] = [wordsOf(a), wordsOf(b)]
  if (left.length > MOST_WORDS || right.length > MOST_WORDS) return [piece('a', a), piece('b', b)]
  const pieces: Piece[] = []
  for (const [one, other] of aligned(left, right, (word) => word)) {
    const of = one === undefined ? 'b' : other === undefined ? 'a' : 'both'
    const text = one ?? other ?? ''
    const last = pieces.at(-1)
    if (last?.of === of) pieces[pieces.length - 1] = piece(of, last.text + text)
    else pieces.push(piece(of, text))
  }
  return pieces
}

const piece = (of: Piece['of'], text: string): Piece => ({ of, text })

const wordsOf = (text: string): readonly string[] => text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? []
