import { visibleText } from '../text.ts'

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text that may stand between tags and in attributes; what XML forbids, and what would hide in it, shows by its number. */
export const escapeXml = (text: string): string =>
  visibleText(text)
    .replace(/[\uFFFE\uFFFF]/g, '')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
