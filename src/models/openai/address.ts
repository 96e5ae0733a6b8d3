export const OPENAI_URL = 'https://api.openai.com/v1'

export const openaiKey = { header: 'authorization', before: 'Bearer ', variable: 'OPENAI_API_KEY' }

/** Of a path below the vendor's address. */
export const openaiAddress = (path: string) => ({
  base: OPENAI_URL,
  path,
  headers: {},
  key: openaiKey,
})
