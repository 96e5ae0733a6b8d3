/**
 * Thrown where a tool cannot do what it was asked; `callTool` makes it the text `Error: <message>`.
 * The messages are part of the benchmark, those of Python's own exceptions included.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal'
}
