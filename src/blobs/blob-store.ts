/** Content-addressed texts that are too large for an event. */
export interface BlobStore {
  /** Durable once it resolves; the same text twice is stored once. Returns the SHA-256 of its UTF-8 bytes, in hexadecimal. */
  put(text: string): Promise<string>
  /** Rejects with `EventLogCorrupt` where the blob is missing or does not fit its hash. */
  get(sha256: string): Promise<string>
  /**
   * Forgets a blob that nobody names, unless it was put at or after `putBefore` (ms since the epoch): whoever puts one is about to name it.
   * False where it stays for that reason. One that is not there is forgotten.
   */
  remove(sha256: string, putBefore: number): Promise<boolean>
  /** Removes what puts that were cut off before this time have left behind. */
  dropDrafts(before: number): Promise<void>
}
