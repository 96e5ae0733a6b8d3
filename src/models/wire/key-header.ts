import type { WrittenRequest } from '../model.ts'

/** How a vendor is sent its key: what a written request says of it. */
export const keyHeader = ({ header, before }: WrittenRequest['key'], apiKey: string): Readonly<Record<string, string>> => ({
  [header]: `${before}${apiKey}`,
})
