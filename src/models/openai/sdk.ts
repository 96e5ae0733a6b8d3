/** What needs the vendor's package, which is loaded with the first call: it is a third of what the product takes to start. */
export const openaiSdk = () => import('./client.ts')
