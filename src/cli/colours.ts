import { randomUUID } from 'node:crypto'
import { styleText } from 'node:util'
import { printable } from '../projections/printable.ts'

export type Paint = (text: string) => string

/** Colours by what they mean. What they paint is to be written by {@link shownText}. */
export interface Colours {
  readonly strong: Paint
  readonly faint: Paint
  readonly good: Paint
  readonly bad: Paint
  readonly attention: Paint
  readonly name: Paint
}

/** Stands for the escape character until a text is written. No run can know it, so that only Refold colours what a terminal shows. */
const MARK = randomUUID()

/** Of one stream: plain where it is no terminal, and where NO_COLOR is set. */
export const coloursFor = (stream: NodeJS.WriteStream): Colours => {
  const paint =
    (...format: Extract<Parameters<typeof styleText>[0], readonly unknown[]>): Paint =>
    (text) =>
      styleText(format, TEXT, { stream })
        .replaceAll('\u001b', MARK)
        .replace(TEXT, () => text)
  return {
    strong: paint('bold'),
    faint: paint('dim'),
    good: paint('green'),
    bad: paint('red'),
    attention: paint('yellow'),
    name: paint('cyan'),
  }
}

const TEXT = '\u0000'

/** The one way of any text to a terminal: nothing in it steers but the colours. */
export const shownText = (text: string): string => printable(text).replaceAll(MARK, '\u001b')
