export const OPENAI_URL = 'https://api.openai.com/v1'

/** Of a path below the vendor's address. */
export const openaiAddress = (path: string) => ({
  base: OPENAI_URL,
  path,
  headers: {},
  key: { header: 'authorization', before: 'Bearer ', variable: 'OPENAI_API_KEY' },
})
