/** The models that the keys in the environment open, or undefined without any. */
export const realModels = (variables: NodeJS.ProcessEnv = process.env): readonly string[] | undefined => {
  const models = [
    ...(variables['ANTHROPIC_API_KEY'] === undefined ? [] : ['anthropic/claude-sonnet-4-5']),
    ...(variables['OPENAI_API_KEY'] === undefined ? [] : ['openai/gpt-5']),
  ]
  return models.length === 0 ? undefined : models
}
