export const promptFormats = ['text', 'request', 'curl', 'script'] as const
export type PromptFormat = (typeof promptFormats)[number]
