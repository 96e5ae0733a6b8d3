import type { Json } from '../../src/json.ts'

/** Texts of arguments, wherever they stand. */
const textsIn = (value: Json): readonly string[] => {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap((each: Json) => textsIn(each))
}

/** Addresses within a longer text: e-mail, web, bank account. */
const ADDRESS =
  /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}|(?:[\w-]{1,63}\.){1,5}[a-z]{2,10}(?:\/[^\s"')>\]]{0,200})?|\b[A-Z]{2}\d{8,30}\b/gi

const SHORTEST = 2

const plain = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/https?:\/\//g, '')
    .trim()
    .replace(/\/$/, '')

/** Whether a text stands in another as a word of its own. */
const standsIn = (text: string, source: string): boolean => {
  if (text.length < SHORTEST) return false
  for (let at = source.indexOf(text); at >= 0; at = source.indexOf(text, at + 1)) {
    const around = `${source[at - 1] ?? ' '}${source[at + text.length] ?? ' '}`
    if (!/[a-z0-9]/.test(around)) return true
  }
  return false
}

/** An argument, or an address in it, that stands in what was got and not in what the user has said. Undefined where there is none. */
export const foreignArgument = (
  input: Json,
  { got, said }: { readonly got: readonly string[]; readonly said: readonly string[] },
): string | undefined => {
  const [outside, own] = [plain(got.join('\n')), plain(said.join('\n'))]
  return textsIn(input)
    .flatMap((text) => [text, ...(text.match(ADDRESS) ?? [])])
    .find((text) => standsIn(plain(text), outside) && !standsIn(plain(text), own))
}
