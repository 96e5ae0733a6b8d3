import { styleText } from 'node:util'

export type Paint = (text: string) => string

/** Colours by what they mean. */
export interface Colours {
  readonly strong: Paint
  readonly faint: Paint
  readonly good: Paint
  readonly bad: Paint
  readonly attention: Paint
  readonly name: Paint
}

/** Of one stream: plain where it is no terminal, and where NO_COLOR is set. */
export const coloursFor = (stream: NodeJS.WriteStream): Colours => {
  const paint =
    (...format: Extract<Parameters<typeof styleText>[0], readonly unknown[]>): Paint =>
    (text) =>
      styleText(format, text, { stream })
  return {
    strong: paint('bold'),
    faint: paint('dim'),
    good: paint('green'),
    bad: paint('red'),
    attention: paint('yellow'),
    name: paint('cyan'),
  }
}
