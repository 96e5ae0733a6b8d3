/** Values that are built when they are first asked for, each once: what a process never needs, it does not pay for. */
export const whenAsked = <Built extends object>(builders: { readonly [Name in keyof Built]: () => Built[Name] }): Readonly<Built> => {
  const built = {} as Built
  for (const name of Object.keys(builders) as (keyof Built)[]) {
    Object.defineProperty(built, name, {
      configurable: true,
      enumerable: true,
      get() {
        const value = builders[name]()
        Object.defineProperty(built, name, { value, enumerable: true })
        return value
      },
    })
  }
  return built
}
