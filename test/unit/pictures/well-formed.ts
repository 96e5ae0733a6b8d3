const TAG = /<(\/?)([A-Za-z][\w:-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/y
const TEXT = /(?:[^<&]|&(?:amp|lt|gt|quot|#39);)+/y

/** What is wrong with an XML text of elements, attributes and escaped text, or `null`. */
export const xmlFault = (xml: string): string | null => {
  const open: string[] = []
  for (let at = 0; at < xml.length;) {
    const text = matchAt(TEXT, xml, at)
    const tag = text ?? matchAt(TAG, xml, at)
    if (tag === null) return `neither text nor tag: ${xml.slice(at, at + 60)}`
    const [all, slash, name, , empty] = tag
    if (slash === '/' && open.pop() !== name) return `</${name!}> closes nothing`
    if (slash === '' && empty === '') open.push(name!)
    at += all.length
  }
  return open.length === 0 ? null : `<${open.join('><')}> is never closed`
}

const matchAt = (pattern: RegExp, text: string, at: number): RegExpExecArray | null => {
  pattern.lastIndex = at
  return pattern.exec(text)
}

/** The values of an attribute, unescaped, in the order in which they stand. */
export const attributes = (xml: string, name: string): readonly string[] =>
  [...xml.matchAll(new RegExp(` ${name}="([^"]*)"`, 'g'))].map(([, value]) =>
    value!
      .replace(/&lt;/g, '<')
      .replace(/&gt;/g, '>')
      .replace(/&quot;/g, '"')
      .replace(/&#39;/g, "'")
      .replace(/&amp;/g, '&'),
  )
