/** What one process sends to another with a client's fd. */
export interface HandedOver {
  /** A `ClientState`. */
  readonly state: unknown;
  /** Bytes in base64 that the old connection had been given to send, and that the kernel has not taken. */
  readonly pending: string;
}
