/** YAML of a JSON value: objects and lists by indentation, strings in the double quotes that both languages share. */
export const yamlText = (value: unknown): string => `${block(value, '').trimStart()}\n`

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_.-]*$/

const block = (value: unknown, indent: string): string => {
  if (Array.isArray(value) && value.length > 0)
    return value.map((item) => `\n${indent}- ${block(item, `${indent}  `).trimStart()}`).join('')
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return JSON.stringify(value)
  return Object.entries(value)
    .map(([key, member]) => `\n${indent}${PLAIN_KEY.test(key) ? key : JSON.stringify(key)}:${separated(block(member, `${indent}  `))}`)
    .join('')
}

const separated = (text: string): string => (text.startsWith('\n') ? text : ` ${text}`)
