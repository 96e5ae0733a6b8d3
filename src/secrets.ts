/** Shorter ones are words that stand in ordinary text, as `refold` does; whoever uses one has no secret. */
const SHORTEST = 8

const HIDDEN = '***'

/** The text without them, in whatever form they stand in it: as they are, as part of an address, or as part of a JSON text. */
export const withoutSecrets = (text: string, secrets: readonly string[]): string => {
  let shown = text
  for (const form of formsOf(secrets)) if (shown.includes(form)) shown = shown.replaceAll(form, HIDDEN)
  return shown
}

/** By the list, which nobody changes: it is asked for with every text. */
const knownForms = new WeakMap<readonly string[], readonly string[]>()

const formsOf = (secrets: readonly string[]): readonly string[] => {
  const known = knownForms.get(secrets)
  if (known !== undefined) return known
  const forms = secrets
    .filter((secret) => secret.length >= SHORTEST)
    .flatMap((secret) => [secret, encodeURIComponent(secret.toWellFormed()), JSON.stringify(secret).slice(1, -1)])
  knownForms.set(secrets, forms)
  return forms
}

/** Of an address or a connection string, as it stands there and decoded. Also of one that is no address: it was meant to be. */
export const passwordsIn = (address: string): readonly string[] => {
  const [, credentials] = /^\s*(?:[^:/@]+:\/\/)?(.+)@/s.exec(address) ?? []
  if (credentials === undefined) return secretOptionsIn(address)
  const password = credentials.slice(credentials.indexOf(':') + 1)
  return [...new Set([password, decoded(password)]), ...secretOptionsIn(address)]
}

/** A text that may quote an address, without its passwords, however short they are. */
export const withoutPasswordsOf = (address: string, text: string): string =>
  passwordsIn(address).reduce((shown, password) => (password === '' ? shown : shown.replaceAll(password, HIDDEN)), text)

/** As `sslpassword=…` of Postgres. */
const secretOptionsIn = (address: string): readonly string[] =>
  [...address.matchAll(/[?&][^=&]*(?:pass|secret|token)[^=&]*=([^&]+)/gi)].flatMap(([, value = '']) => [value, decoded(value)])

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
