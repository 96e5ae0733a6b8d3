// npm runs it behind `npm ci` of a clone, and before the package is packed. Where only what runs is installed, there is nothing to build with.
const isThere = (name) => {
  try {
    return import.meta.resolve(name) !== ''
  } catch {
    return false
  }
}
if (isThere('vite')) await import('./build-page.ts')
