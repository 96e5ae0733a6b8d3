export const ANTHROPIC_URL = 'https://api.anthropic.com'

export const anthropicAddress = {
  base: ANTHROPIC_URL,
  path: '/v1/messages',
  headers: { 'anthropic-version': '2023-06-01' },
  key: { header: 'authorization', before: 'Bearer ', variable: 'ANTHROPIC_API_KEY' },
}
