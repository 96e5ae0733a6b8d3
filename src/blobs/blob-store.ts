/** Content-addressed texts that are too large for an event. */
export interface BlobStore {
  /** Durable once it resolves; the same text twice is stored once. Returns the SHA-256 of its UTF-8 bytes, in hexadecimal. */
  put(text: string): Promise<string>
  /** Rejects with `EventLogCorrupt` where the blob is missing or does not fit its hash. */
  get(sha256: string): Promise<string>
}
