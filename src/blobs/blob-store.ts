/** What is too large for an event, by the hash of its content: texts, and the bytes of pictures and files. */
export interface BlobStore {
  /** Durable once it resolves; the same content twice is stored once. Returns the SHA-256 of its bytes, of a text in UTF-8, in hexadecimal. */
  put(content: string | Uint8Array): Promise<string>
  /** A text. Rejects with `EventLogCorrupt` where the blob is missing or does not fit its hash. */
  get(sha256: string): Promise<string>
  /** The bytes of a text or of anything else. Rejects as `get` does. */
  getBytes(sha256: string): Promise<Uint8Array>
  /**
   * Forgets a blob that nobody names, unless it was put at or after `putBefore` (ms since the epoch): whoever puts one is about to name it.
   * False where it stays for that reason. One that is not there is forgotten.
   */
  remove(sha256: string, putBefore: number): Promise<boolean>
  /** Removes what puts that were cut off before this time have left behind. */
  dropDrafts(before: number): Promise<void>
}
